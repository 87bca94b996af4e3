package tenant_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/relocate"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/tenant"
)

// of is a base that states a revision.
func of(t *testing.T, revision string, base []*yaml.RNode) []*yaml.RNode {
	t.Helper()
	base, err := relocate.Filter{From: v1alpha1.BaseNamespace, To: v1alpha1.BaseNamespaceOf(revision)}.Filter(base)
	require.NoError(t, err)
	return base
}

// withRevisions is sales with two application namespaces, and control planes of these
// names, of which the last serves ns-2.
func withRevisions(names ...string) v1alpha1.IstioTenant {
	var t v1alpha1.IstioTenant
	t.Metadata.Name = "sales"
	t.Spec.ControlPlane.Namespace = "istio-system1"
	t.Spec.ApplicationNamespaces = []string{"ns-1", "ns-2"}
	t.Spec.Discovery = v1alpha1.DiscoverySelectors
	t.Spec.Admins = []v1alpha1.Subject{{Kind: "User", Name: "sales-admin"}}
	for _, name := range names {
		t.Spec.ControlPlane.Revisions = append(t.Spec.ControlPlane.Revisions, v1alpha1.Revision{Name: name})
	}
	if n := len(names); n > 1 {
		t.Spec.ControlPlane.Revisions[n-1].ApplicationNamespaces = []string{"ns-2"}
	}
	return t
}

// TestEachRevisionIsWhatItIsAlone: of bases of two versions of upstream's, laid
// together, each control plane has the objects that it has as the only one, to the byte, but for
// the label, and that the second validates what is for its revision.
func TestEachRevisionIsWhatItIsAlone(t *testing.T) {
	for _, versions := range [][2]string{{"1.10.6", "1.20.8"}, {"1.20.8", "1.24.6"}, {"1.30", "1.31.0"}} {
		t.Run(versions[0]+" and "+versions[1], func(t *testing.T) {
			var warned []string
			warn := func(w string) { warned = append(warned, w) }
			names := []string{strings.ReplaceAll(versions[0], ".", "-"), strings.ReplaceAll(versions[1], ".", "-")}
			var both []*yaml.RNode
			alone := map[object.ID]map[string]string{}
			for i, version := range versions {
				both = append(both, of(t, names[i], upstream(t, version))...)
				single := withRevisions()
				single.Spec.ControlPlane.Revision = "sales-" + names[i]
				made, err := tenant.Transformer{Tenant: single}.Filter(upstream(t, version))
				require.NoError(t, err)
				for _, o := range made {
					id := object.IDOf(o)
					if alone[id] == nil {
						alone[id] = map[string]string{}
					}
					alone[id][names[i]] = objecttest.String(t, []*yaml.RNode{o})
				}
			}
			got, err := tenant.Transformer{Tenant: withRevisions(names...), Warn: warn}.Filter(both)
			require.NoError(t, err)
			own, validators := map[string]int{}, 0
			for _, o := range got {
				id := object.IDOf(o)
				revision := o.GetLabels()[v1alpha1.RevisionLabel]
				require.NoError(t, o.PipeE(yaml.Lookup("metadata", "labels"), yaml.Clear(v1alpha1.RevisionLabel)))
				if id.Kind == "ValidatingWebhookConfiguration" {
					validators += len(object.List(o, "webhooks"))
					for _, w := range object.List(o, "webhooks") {
						selects := object.List(w, "objectSelector", "matchExpressions")
						require.Equal(t, revision == "sales-"+names[1], len(selects) == 1)
						require.NoError(t, w.PipeE(yaml.Clear("objectSelector")))
					}
				}
				name, labelled := strings.CutPrefix(revision, "sales-")
				switch {
				case o.GetLabels()[istio.TagLabel] != "":
					require.Equal(t, "istio-revision-tag-sales-istio-system1", id.Name)
					continue
				case !labelled:
					require.NotContains(t, id.Name, "sales-"+names[0], "is the revision's own")
					require.NotContains(t, id.Name, "sales-"+names[1], "is the revision's own")
					continue
				}
				own[name]++
				if id.Kind == "NetworkPolicy" {
					id.Name = strings.TrimSuffix(id.Name, "-sales-"+name)
				}
				want, found := alone[id][name]
				require.True(t, found, "%s of %s is in no build of its own", id, name)
				text := objecttest.String(t, []*yaml.RNode{o})
				if id.Kind == "NetworkPolicy" {
					text = strings.ReplaceAll(text, o.GetName(), id.Name)
				}
				if id.Kind == "ClusterRole" { // the tag is a webhook more
					continue
				}
				if id.Namespace == "ns-1" { // a gateway is its namespace's
					byTag := strings.NewReplacer(`rev: "sales-`+name+`"`, "rev: sales", "rev: sales-"+name, "rev: sales", `rev: "sales"`, "rev: sales")
					want, text = byTag.Replace(want), byTag.Replace(text)
				}
				require.Equal(t, want, text)
			}
			require.Equal(t, 2, validators)
			for _, w := range warned { // a gateway that both bases bring
				require.True(t, !strings.Contains(w, "both have it") || strings.Contains(w, "istio-ingressgateway"), w)
			}
			require.Greater(t, own[names[0]], 8)
			require.Greater(t, own[names[1]], 8)
			again, err := tenant.Transformer{Tenant: withRevisions(names...)}.Filter(objecttest.Parse(t, objecttest.String(t, relabelled(t, versions, names))))
			require.NoError(t, err)
			require.Equal(t, objecttest.String(t, relabelled(t, versions, names)), objecttest.String(t, again), "idempotent")
		})
	}
}

// relabelled lays the two bases anew.
func relabelled(t *testing.T, versions [2]string, names []string) []*yaml.RNode {
	t.Helper()
	got, err := tenant.Transformer{Tenant: withRevisions(names...)}.Filter(slices.Concat(of(t, names[0], upstream(t, versions[0])), of(t, names[1], upstream(t, versions[1]))))
	require.NoError(t, err)
	return got
}

// TestNamespacesMoveByOneLine: which revision each names, and where the tag leads.
func TestNamespacesMoveByOneLine(t *testing.T) {
	for _, row := range []struct {
		name      string
		revisions []v1alpha1.Revision
		ns1, ns2  string
		tag       string // leads to
		validator string
	}{
		{"one, without a name", nil, "sales", "sales", "", "sales"},
		{"one, by its word", []v1alpha1.Revision{{Name: "default"}}, "sales", "sales", "", "sales"},
		{"a canary of no namespace", []v1alpha1.Revision{{Name: "default"}, {Name: "1-31"}}, "sales", "sales", "", "sales"},
		{"a canary of one", []v1alpha1.Revision{{Name: "default"}, {Name: "1-31", ApplicationNamespaces: []string{"ns-2"}}}, "sales", "sales-1-31", "", "sales"},
		{"all moved", []v1alpha1.Revision{{Name: "default"}, {Name: "1-31", ApplicationNamespaces: []string{"ns-1", "ns-2"}}}, "sales-1-31", "sales-1-31", "", "sales"},
		{"the old one leaves", []v1alpha1.Revision{{Name: "1-31", ApplicationNamespaces: []string{"ns-1", "ns-2"}}}, "sales-1-31", "sales-1-31", "sales-1-31", "sales-1-31"},
		{"the old one is gone", []v1alpha1.Revision{{Name: "1-31"}}, "sales", "sales", "sales-1-31", "sales-1-31"},
		{"the next canary", []v1alpha1.Revision{{Name: "1-31"}, {Name: "1-32", ApplicationNamespaces: []string{"ns-1"}}}, "sales-1-32", "sales", "sales-1-31", "sales-1-31"},
		{"the tag leads to the next", []v1alpha1.Revision{{Name: "1-32"}, {Name: "1-31"}}, "sales", "sales", "sales-1-32", "sales-1-32"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var in []*yaml.RNode
			if row.revisions == nil || row.revisions[0].Name == "default" {
				in = part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartControlPlane})
			}
			for _, r := range row.revisions {
				if r.Name != "default" {
					in = append(in, part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartControlPlane, Revision: r.Name})...)
				}
			}
			for _, ns := range []string{"", "ns-2"} {
				in = append(in, part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartGateway, Namespace: ns})...)
			}
			sales := withRevisions()
			sales.Spec.ControlPlane.Revisions = row.revisions
			got, err := tenant.Transformer{Tenant: sales, Warn: knownRights(t)}.Filter(in)
			require.NoError(t, err)
			serving, tag, validator, gateways := map[string]string{}, "", "", map[string]string{}
			for _, o := range got {
				switch labels := o.GetLabels(); {
				case o.GetKind() == "Namespace":
					serving[o.GetName()] = labels[istio.RevisionLabel]
				case labels[istio.TagLabel] != "":
					require.Equal(t, "sales", labels[istio.TagLabel])
					tag = labels[istio.RevisionLabel]
					for _, w := range object.List(o, "webhooks") {
						require.Equal(t, "istiod-"+tag, object.String(w, "clientConfig", "service", "name"))
						selects := map[string]bool{}
						for _, e := range slices.Concat(object.List(w, "namespaceSelector", "matchExpressions"), object.List(w, "objectSelector", "matchExpressions")) {
							if object.String(e, "key") == istio.RevisionLabel {
								selects[strings.Join(object.Strings(e, "values"), ",")] = true
							}
						}
						delete(selects, "") // DoesNotExist
						require.Equal(t, map[string]bool{"sales": true}, selects)
					}
				case o.GetKind() == "ValidatingWebhookConfiguration":
					if len(object.List(object.List(o, "webhooks")[0], "objectSelector", "matchExpressions")) == 0 {
						require.Empty(t, validator, "one validates all")
						validator = labels[istio.RevisionLabel]
					}
				case o.GetKind() == "Deployment" && o.GetName() == "istio-ingressgateway":
					gateways[o.GetNamespace()] = object.String(o, "spec", "template", "metadata", "labels", istio.RevisionLabel)
				}
			}
			require.Equal(t, map[string]string{"istio-system1": "", "ns-1": row.ns1, "ns-2": row.ns2}, serving)
			require.Equal(t, map[string]string{"ns-1": row.ns1, "ns-2": row.ns2}, gateways)
			require.Equal(t, []string{row.tag, row.validator}, []string{tag, validator})
		})
	}
}

// TestEachControlPlaneWritesItsOwnWebhooks and the tag's, wherever that leads: so nothing
// of it changes when it becomes the first.
func TestEachControlPlaneWritesItsOwnWebhooks(t *testing.T) {
	got, err := tenant.Transformer{Tenant: withRevisions("1-30", "1-31")}.Filter(slices.Concat(
		part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartControlPlane, Revision: "1-30"}),
		part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartControlPlane, Revision: "1-31"})))
	require.NoError(t, err)
	swapped, err := tenant.Transformer{Tenant: withRevisions("1-31", "1-30")}.Filter(slices.Concat(
		part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartControlPlane, Revision: "1-31"}),
		part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartControlPlane, Revision: "1-30"})))
	require.NoError(t, err)
	before, after := map[object.ID]string{}, map[object.ID]string{}
	for i, objects := range [][]*yaml.RNode{got, swapped} {
		for _, o := range objects {
			if !strings.HasSuffix(o.GetKind(), "WebhookConfiguration") && o.GetKind() != "Namespace" {
				[]map[object.ID]string{before, after}[i][object.IDOf(o)] = objecttest.String(t, []*yaml.RNode{o})
			}
		}
	}
	require.Equal(t, before, after)
	named := map[string][]string{}
	for _, role := range object.Of("ClusterRole", got) {
		for _, rule := range object.List(role, "rules") {
			named[role.GetName()] = append(named[role.GetName()], object.Strings(rule, "resourceNames")...)
		}
	}
	injector := func(revision string) string { return "istio-sidecar-injector-" + revision + "-istio-system1" }
	require.ElementsMatch(t, []string{injector("sales-1-30"), "istio-revision-tag-sales-istio-system1", "istio-validator-sales-1-30-istio-system1"},
		named["istiod-clusterrole-sales-1-30-istio-system1"])
	require.ElementsMatch(t, []string{injector("sales-1-31"), "istio-revision-tag-sales-istio-system1", "istio-validator-sales-1-31-istio-system1"},
		named["istiod-clusterrole-sales-1-31-istio-system1"])
}

func TestWhatIsWrongWithRevisions(t *testing.T) {
	base := func(revision string) []*yaml.RNode {
		return part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartControlPlane, Revision: revision})
	}
	for _, row := range []struct {
		name    string
		tenant  v1alpha1.IstioTenant
		objects []*yaml.RNode
		want    string
	}{
		{"not listed", withRevisions(), base("1-31"), "spec.controlPlane.revisions: is missing, and the objects have a base of the revision 1-31: write revisions: [{name: 1-31}]"},
		{"two, not listed", withRevisions(), slices.Concat(base("1-31"), base("1-30")), "the revision 1-31 and one of 1-30: write revisions: [{name: 1-31}, {name: 1-30}]"},
		{"no base", withRevisions("default", "1-32"), slices.Concat(base(""), base("1-31")), `spec.controlPlane.revisions[1].name: found "1-32", and no base among the objects states that revision; they have 1-31: list its base under resources`},
		{"the one without is gone", withRevisions("default", "1-31"), base("1-31"), "no control plane"},
		{"the one without is there", withRevisions("1-31"), slices.Concat(base(""), base("1-31")), "2 control planes"},
		{"an error of one", withRevisions("1-30", "1-31"), slices.Concat(base("1-30"), base("1-31"), objecttest.Parse(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: ISTIO_TENANT_NAMESPACE_1-31, labels: {istio-tenancy.dev/tenant: dev}}}")),
			"ConfigMap ISTIO_TENANT_NAMESPACE/a: metadata.labels"},
		{"a name of the second's", withRevisions("default", "1-31"), slices.Concat(base(""), base("1-31"), objecttest.Parse(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: istio-sales-1-31, namespace: ISTIO_TENANT_NAMESPACE}, data: {mesh: ''}}")),
			"ConfigMap istio-system1/istio-sales-1-31: metadata.name: the overlay has an object that is called so, and the base of 1-31 has this name in a tenant, too: rename the overlay's"},
		{"the label", withRevisions("1-30"), slices.Concat(base("1-30"), objecttest.Parse(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {istio-tenancy.dev/revision: sales-1-30}}}")),
			`metadata.labels[istio-tenancy.dev/revision]: found "sales-1-30", which this program sets on the objects of one of several control planes: remove it`},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := tenant.Transformer{Tenant: row.tenant}.Filter(row.objects)
			require.ErrorContains(t, err, row.want)
			require.Empty(t, got)
		})
	}
	classic := withRevisions("0-8")
	classic.Spec.Discovery, classic.Spec.ApplicationNamespaces = "", []string{"ns-1"}
	_, err := tenant.Transformer{Tenant: classic}.Filter(of(t, "0-8", upstream(t, "0.8.0")))
	require.ErrorContains(t, err, `spec.controlPlane.revisions: found "0-8", and Istio 0.8.0 knows no revisions`)
}

// TestWhatRevisionsWarnOf: nothing is left out in silence.
func TestWhatRevisionsWarnOf(t *testing.T) {
	var warned []string
	in := slices.Concat(
		part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartControlPlane, Revision: "1-30"}),
		part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartControlPlane, Revision: "1-31"}),
		part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartControlPlane, Revision: "1-29"}))
	for i, revision := range []string{"1-30", "1-31"} {
		in = append(in, objecttest.Parse(t, fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: own, namespace: ISTIO_TENANT_NAMESPACE_%s}, data: {a: b%d}}\n---\n"+
			"{apiVersion: v1, kind: ConfigMap, metadata: {name: alike, namespace: ISTIO_TENANT_NAMESPACE_%s}, data: {a: b}}", revision, i, revision))...)
	}
	got, err := tenant.Transformer{Tenant: withRevisions("1-30", "1-31"), Warn: func(w string) {
		if !strings.HasPrefix(w, "spec.discovery") {
			warned = append(warned, w)
		}
	}}.Filter(in)
	require.NoError(t, err)
	require.Equal(t, []string{
		`spec.controlPlane.revisions: does not name "1-29", so that nothing of the base of that revision is printed: remove it from resources`,
		"ConfigMap istio-system1/own: 1-30 and 1-31 both have it, and differ: that of 1-30 is printed, which comes first in spec.controlPlane.revisions",
	}, warned)
	_, err = tenant.Transformer{Tenant: withRevisions("1-30", "1-31"), Warn: func(w string) { require.NotContains(t, w, "both have it", "of an earlier run") }}.
		Filter(objecttest.Parse(t, objecttest.String(t, got)))
	require.NoError(t, err)
	require.NotContains(t, objecttest.String(t, got), "1-29")
	require.Contains(t, objecttest.String(t, got), "a: b0")
}

// TestApplicationsApartOfATenantWithRevisions: they are what they are in the whole build.
func TestApplicationsApartOfATenantWithRevisions(t *testing.T) {
	own := func() []*yaml.RNode {
		objects := objecttest.Parse(t, someApplications+"---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: of-sales-1-31}}\n")
		for _, ns := range []string{"", "ns-2"} {
			objects = append(objects, part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartGateway, Namespace: ns})...)
		}
		return objects
	}
	for _, names := range [][]string{{"default", "1-31"}, {"1-31"}, {"1-30", "1-31"}} {
		in := own()
		for _, name := range names {
			if name == "default" {
				name = ""
			}
			in = append(in, part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartControlPlane, Revision: name})...)
		}
		whole, err := tenant.Transformer{Tenant: withRevisions(names...)}.Filter(in)
		require.NoError(t, err)
		of := map[object.ID]string{}
		for _, o := range whole {
			of[object.IDOf(o)] = objecttest.String(t, []*yaml.RNode{o})
		}
		apart, err := tenant.Transformer{Tenant: withRevisions(names...)}.Filter(append(own(), part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartApplications})...))
		require.NoError(t, err)
		require.Greater(t, len(apart), 10)
		for _, o := range apart {
			require.NoError(t, o.PipeE(yaml.Lookup("metadata", "labels"), yaml.Clear(v1alpha1.PartLabel)))
			require.NotContains(t, o.GetLabels(), v1alpha1.RevisionLabel)
			want := objecttest.Parse(t, of[object.IDOf(o)])
			require.Len(t, want, 1, object.IDOf(o))
			require.NoError(t, want[0].PipeE(yaml.Lookup("metadata", "labels"), yaml.Clear(v1alpha1.PartLabel)))
			require.Equal(t, objecttest.String(t, want), objecttest.String(t, []*yaml.RNode{o}))
		}
	}
}

// TestWhatGoesWithAControlPlaneHasItsLabel: all that a build without it lacks, and nothing
// else, so that it is deleted by the label; of a base without a revision, too.
func TestWhatGoesWithAControlPlaneHasItsLabel(t *testing.T) {
	base := func(revision string) []*yaml.RNode {
		return part(t, v1alpha1.ReleaseSpec{Part: v1alpha1.PartControlPlane, Revision: revision})
	}
	own := objecttest.Parse(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: web-sales}}\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: mine, namespace: ISTIO_TENANT_NAMESPACE}}\n---\n"+
		"{apiVersion: v1, kind: Service, metadata: {name: by-tag, namespace: ISTIO_TENANT_NAMESPACE_1-31, labels: {istio.io/tag: prod}}, spec: {selector: {a: b}}}")
	for _, old := range []string{"", "1-30"} {
		name, revision := "default", "sales"
		if old != "" {
			name, revision = old, "sales-"+old
		}
		floor := true
		all := func(names ...string) v1alpha1.IstioTenant {
			of := withRevisions(names...)
			of.Spec.Network.Floor = &floor
			of.Spec.ControlPlane.Revisions[len(names)-1].ApplicationNamespaces = []string{"ns-1", "ns-2"}
			return of
		}
		var both, one []*yaml.RNode
		for _, o := range own {
			both, one = append(both, o.Copy()), append(one, o.Copy())
		}
		before, err := tenant.Transformer{Tenant: all(name, "1-31")}.Filter(slices.Concat(base(old), base("1-31"), both))
		require.NoError(t, err)
		after, err := tenant.Transformer{Tenant: all("1-31")}.Filter(slices.Concat(base("1-31"), one))
		require.NoError(t, err)
		stays := map[object.ID]bool{}
		for _, o := range after {
			stays[object.IDOf(o)] = true
		}
		require.True(t, stays[object.ID{Kind: "Service", Namespace: "istio-system1", Name: "by-tag"}])
		leave := 0
		for _, o := range before {
			id := object.IDOf(o)
			if stays[id] {
				require.NotEqual(t, revision, o.GetLabels()[v1alpha1.RevisionLabel], id)
				continue
			}
			leave++
			require.Equal(t, revision, o.GetLabels()[v1alpha1.RevisionLabel], id)
		}
		require.Greater(t, leave, 20)
	}
}
