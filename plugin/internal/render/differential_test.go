package render_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/domain"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/clitest"
)

// names of tenants, of which some look like something else in YAML, in Istio's
// text or beside each other.
var names = strings.Fields(`a hr dev sales data istio istiod mesh values default-x on null yes y n true 1e3 007 0x1f 1-2 e3
	team team-a team-a-b a-team team10 team1 mode name system sidecar gateway admin prod-eu-1 zzz aaa
	legal finance eu-west-sales ops2 search
	this-name-is-as-long-as-a-name-can-be-xx`)

// specs of tenants; %s is the name.
var specs = []string{
	"{admins: [{kind: User, name: jo@example.com}]}",
	"{admins: [{kind: Group, name: 'oidc:%s-admins'}], controlPlane: {namespace: mesh-%s}, applicationNamespaces: ['%s-web', '%s-db', 'shared-%s'], discovery: selectors, quota: {pods: 9}, network: {floor: true}}",
	"{admins: [{kind: ServiceAccount, name: ci, namespace: ci-%s}], viewers: [{kind: User, name: '%s'}], network: {floor: true, allowFrom: [monitoring, '%s-tools']}, controlPlane: {revision: r-%s, trustDomain: %s.example.com, adminAccess: operate}}",
	"{admins: [{kind: User, name: 'CN=%s, O=x'}], mtls: none, network: {policy: open}, createNamespaces: false, applicationNamespaces: [zoo-%s, bar-%s]}",
}

func TestTenantsOfAllNamesAreWhatKustomizeBuilds(t *testing.T) {
	t.Parallel()
	filled := 0
	for i, spec := range specs {
		r := newPlainRepo(t)
		var all []string
		for j, name := range names {
			if i > 0 && j%3 != i%3 {
				continue // it takes long
			}
			spec := strings.ReplaceAll(spec, "%s", name)
			if !strings.Contains(spec, "applicationNamespaces") && domain.In(name) != "" {
				spec = strings.TrimSuffix(spec, "}") + ", acceptDomainNames: [" + name + "]}"
			}
			r.overlay(name, name, spec, kustomization)
			all = append(all, name)
		}
		summary, _, err := r.render()
		require.NoError(t, err)
		require.Equal(t, len(all), summary.Changed)
		filled += summary.Filled
		t.Logf("%v", summary)
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			for some := range slices.Chunk(all, 6) {
				t.Run(strings.Join(some, ","), func(t *testing.T) {
					t.Parallel()
					r := repo{t, r.root}
					want := r.together(some)
					for _, name := range some {
						if got := r.read("rendered/" + name + "/manifests.yaml"); got != want[name] {
							require.Equal(t, want[name], got, name)
						}
					}
				})
			}
		})
	}
	require.Greater(t, filled, 20, "templates are of use")
}

// together is what kustomize prints of overlays, by their names, if one
// kustomization lists them all: that takes a third less time than a process for
// each. It sorts the objects of all as it sorts those of one.
func (r repo) together(names []string) map[string]string {
	r.Helper()
	r.write("together/"+names[0]+"/kustomization.yaml", "resources: [../../overlays/"+strings.Join(names, ", ../../overlays/")+"]\n")
	out, err := r.kustomize("together/"+names[0], clitest.Functions...)
	require.NoError(r, err)
	objects := map[string][]string{}
	for text := range strings.SplitSeq(out, "\n---\n") {
		label := tenantLabel.FindStringSubmatch(text)
		require.NotNil(r, label, text)
		objects[label[1]] = append(objects[label[1]], strings.TrimSuffix(text, "\n")+"\n")
	}
	printed := map[string]string{}
	for name, texts := range objects {
		printed[name] = strings.Join(texts, "---\n")
	}
	require.ElementsMatch(r, names, slices.Collect(maps.Keys(printed)))
	return printed
}

var tenantLabel = regexp.MustCompile(`(?m)^    istio-tenancy\.dev/tenant: "?([^"\n]+)"?$`)

// patch lays a kustomization's text over that of an overlay.
const patch = `resources: [../../bases/istio/control-plane]
transformers: [tenant.yaml]
`

// kustomizations use every field that kustomize has, with the files that they need.
var kustomizations = map[string]map[string]string{
	"patches": {"kustomization.yaml": patch + `patches:
- path: more.yaml
  target: {kind: Deployment}
- target: {kind: Service, name: istiod}
  patch: '[{"op": "add", "path": "/metadata/annotations", "value": {"a": "b"}}]'
`, "more.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: any}\nspec: {replicas: 3}\n"},
	"deprecated patches": {"kustomization.yaml": patch + `patchesStrategicMerge: [more.yaml]
patchesJson6902:
- target: {version: v1, kind: Service, name: istiod, namespace: ISTIO_TENANT_NAMESPACE}
  patch: '[{"op": "add", "path": "/metadata/annotations", "value": {"a": "b"}}]'
`, "more.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: istiod, namespace: ISTIO_TENANT_NAMESPACE}\nspec: {replicas: 3}\n"},
	"components": {"kustomization.yaml": patch + "components: [part]\n",
		"part/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{target: {kind: Deployment}, patch: '[{\"op\": \"add\", \"path\": \"/spec/replicas\", \"value\": 4}]'}]\nresources: [app.yaml]\n",
		"part/app.yaml":           "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: app}\n"},
	"images and replicas": {"kustomization.yaml": patch + "images: [{name: docker.io/istio/pilot, newName: registry.local/pilot, newTag: 1.31.2}]\nreplicas: [{name: istiod, count: 5}]\n"},
	"labels": {"kustomization.yaml": patch + `labels: [{pairs: {team: x}, includeSelectors: true, includeTemplates: true}, {pairs: {owner: "y"}}]
commonAnnotations: {note: "a: b", also: "yes"}
`},
	"common labels": {"kustomization.yaml": patch + "commonLabels: {team: x}\n"},
	"generators": {"kustomization.yaml": patch + `configMapGenerator:
- {name: settings, literals: [a=b, "on=1e3"], files: [notes.txt]}
- {name: fixed, envs: [more.env], options: {disableNameSuffixHash: true}}
secretGenerator: [{name: key, literals: [a=b], type: Opaque}]
generatorOptions: {labels: {from: generator}, immutable: true}
resources: [../../bases/istio/control-plane, app.yaml]
`, "notes.txt": "one\n---\ntwo  \n", "more.env": "A=1\n",
		"app.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app}\nspec: {template: {spec: {containers: [{name: a, image: i, envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: key}}]}]}}}\n"},
	"applications with a prefix": {"kustomization.yaml": "resources: [../../bases/istio/control-plane, app]\ntransformers: [tenant.yaml]\n",
		"app/kustomization.yaml": "namePrefix: front-\nnameSuffix: -v2\nresources: [app.yaml]\nconfigMapGenerator: [{name: c, literals: [a=b]}]\n",
		"app/app.yaml":           "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: i, envFrom: [{configMapRef: {name: c}}]}], serviceAccountName: s}\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: s}\n"},
	"prefix":     {"kustomization.yaml": "resources: [app.yaml, ../../bases/istio/control-plane]\ntransformers: [prefix.yaml, tenant.yaml]\n", "prefix.yaml": "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: x}\nlabels: {a: b}\nfieldSpecs: [{path: metadata/labels, create: true}]\n", "app.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: app}\n"},
	"after":      {"kustomization.yaml": "resources: [../../bases/istio/control-plane]\ntransformers: [tenant.yaml, label.yaml]\n", "label.yaml": "apiVersion: builtin\nkind: AnnotationsTransformer\nmetadata: {name: x}\nannotations: {a: b}\nfieldSpecs: [{path: metadata/annotations, create: true}]\n"},
	"in place":   {"kustomization.yaml": "resources: [../../bases/istio/control-plane]\ntransformers:\n- tenant.yaml\n- |-\n  {apiVersion: builtin, kind: LabelTransformer, metadata: {name: x}, labels: {a: b}, fieldSpecs: [{path: metadata/labels, create: true}]}\n"},
	"other exec": {"kustomization.yaml": "resources: [../../bases/istio/control-plane]\ntransformers: [tenant.yaml, cat.yaml]\n", "cat.yaml": "apiVersion: x/v1\nkind: Cat\nmetadata: {name: x, annotations: {config.kubernetes.io/function: \"exec: {path: /bin/cat}\"}}\n"},
	"replacements": {"kustomization.yaml": patch + `replacements:
- source: {kind: Service, name: istiod, fieldPath: metadata.labels.app}
  targets: [{select: {kind: Deployment}, fieldPaths: [metadata.annotations.copied], options: {create: true}}]
`},
	"vars": {"kustomization.yaml": patch + "vars: [{name: NAME, objref: {apiVersion: v1, kind: ServiceAccount, name: app}}]\nresources: [../../bases/istio/control-plane, app.yaml]\n",
		"app.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: i, args: [$(NAME)]}]}\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: app}\n"},
	"fifo":            {"kustomization.yaml": patch + "sortOptions: {order: fifo}\n"},
	"order":           {"kustomization.yaml": patch + "sortOptions: {order: legacy, legacySortOptions: {orderFirst: [Role, Service], orderLast: [Namespace]}}\n"},
	"metadata":        {"kustomization.yaml": patch + "buildMetadata: [managedByLabel, originAnnotations, transformerAnnotations]\n"},
	"config":          {"kustomization.yaml": patch + "configurations: [conf.yaml]\ncrds: [crd.json]\nimages: [{name: x, newTag: v}]\n", "conf.yaml": "images: [{path: spec/image, kind: Thing}]\n", "crd.json": "{}\n"},
	"openapi":         {"kustomization.yaml": patch + "openapi: {version: v1.21.2}\n"},
	"gateway":         {"kustomization.yaml": "resources: [../../bases/istio/control-plane, ../../bases/istio/gateway]\ntransformers: [tenant.yaml]\n"},
	"validator":       {"kustomization.yaml": patch + "validators: [check.yaml]\n", "check.yaml": "apiVersion: x/v1\nkind: Check\nmetadata: {name: x, annotations: {config.kubernetes.io/function: \"exec: {path: /bin/cat}\"}}\n"},
	"namespace":       {"kustomization.yaml": patch + "namespace: other\n"},
	"missing":         {"kustomization.yaml": patch + "patches: [{path: gone.yaml}]\n"},
	"local":           {"kustomization.yaml": patch + "resources: [../../bases/istio/control-plane, app.yaml]\n", "app.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app, annotations: {config.kubernetes.io/local-config: 'true'}}\n"},
	"gone by a patch": {"kustomization.yaml": patch + "patches: [{patch: '{$patch: delete, apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: istiod, namespace: ISTIO_TENANT_NAMESPACE}}'}]\n"},
	"other file name": {"Kustomization": kustomization},
}

// mistakes are those of kustomizations that kustomize refuses to build.
var mistakes = []string{"namespace", "missing", "validator"}

// TestEveryFieldOfAKustomizationIsAsKustomizeBuildsIt asks kustomize for the first
// and for the last of four tenants: their names stand on either side of all other
// names, by which kustomize sorts. Nothing stands between the first three names,
// so that kustomize's output for one of them is that for another with the name
// changed, which takes no process to know.
func TestEveryFieldOfAKustomizationIsAsKustomizeBuildsIt(t *testing.T) {
	for name, files := range kustomizations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newPlainRepo(t)
			asked := map[string]string{"baker": "baker", "barber": "baker", "baron": "baker", "payroll": "payroll"}
			for team := range asked {
				r.overlay(team, team, "{admins: [{kind: User, name: "+team+"-admin}]}", kustomization)
				if files["kustomization.yaml"] == "" {
					require.NoError(t, os.Remove(r.path("overlays", team, "kustomization.yaml")))
				}
				for file, text := range files {
					// A field that is given twice is given by its last.
					if strings.Count(text, "resources: [") > 1 && file == "kustomization.yaml" {
						text = strings.Replace(text, "resources: [../../bases/istio/control-plane]\n", "", 1)
					}
					r.write("overlays/"+team+"/"+file, text)
				}
			}
			_, _, err := r.render(func(o *render.Options) { o.Allow.Exec = []string{"/bin/cat"} })
			require.Equal(t, slices.Contains(mistakes, name), err != nil, "%v", err)
			printed, refused := map[string]string{}, map[string]error{}
			for _, team := range []string{"baker", "payroll"} {
				printed[team], refused[team] = r.kustomize("overlays/"+team, clitest.Functions...)
			}
			for team, other := range asked {
				if refused[other] != nil {
					require.Error(t, err)
					require.ErrorContains(t, err, "overlays/"+team+": ")
					require.NoDirExists(t, r.path("rendered", team))
					continue
				}
				require.NoError(t, err)
				want := strings.ReplaceAll(printed[other], other, team)
				if got := r.read("rendered/" + team + "/manifests.yaml"); got != want {
					require.Equal(t, want, got, team)
				}
			}
		})
	}
}
