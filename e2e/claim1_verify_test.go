package e2e

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestVerifyAsksALiveClusterAndWritesNothing(t *testing.T) {
	c := claims(t, "`istio-tenancy verify` finds changes that somebody has made by hand, and nothing after they are reverted. It sends only reads, dry runs and access reviews")
	w := theWorld(t)
	for _, name := range tenantNames {
		settled(t, w.cluster, w.tenants[name])
	}
	// Whoever applies as kubectl does by default writes what the API server has set, too.
	for _, o := range w.tenants["ops"].objects {
		if kind := o.GetKind(); kind != "Deployment" && kind != "Service" && kind != "MutatingWebhookConfiguration" {
			continue
		}
		file := filepath.Join(t.TempDir(), "object.json")
		text, err := o.MarshalJSON()
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, text, 0o600))
		said, err := w.cluster.Kubectl(cluster.ClusterAdmin, "apply", "-f", file)
		require.NoError(t, err, said)
	}
	// Of ops, check wants to hear that its istiod is meant to read the cluster.
	const auto, selectors = "applicationNamespaces:", "discovery: selectors\n  applicationNamespaces:"
	require.NoError(t, w.source.Edit("ops", auto, selectors))
	defer func() { require.NoError(t, w.source.Edit("ops", selectors, auto)) }()
	admin := w.cluster.Admin
	patch := func(path, body string) {
		require.NoError(t, send(t, admin, http.MethodPatch, path, body).Error())
	}
	const rbac = "/apis/rbac.authorization.k8s.io/v1"
	const audited = "istio-tenancy-injected"
	changes := []struct {
		name, path, patch string
		found             verifyFinding
	}{
		{"a binding", rbac + "/namespaces/ns-1/rolebindings/access-all-ns-1", `{"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"sales-admin"},{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"dev-admin"}]}`,
			verifyFinding{Part: "drift", Tenant: "sales", Kind: "RoleBinding", Name: "access-all-ns-1", Message: "subjects"}},
		{"a role", rbac + "/namespaces/istio-system1/roles/ns-access-for-sales-admin-istio-system1", `{"rules":[{"apiGroups":[""],"resources":["pods","pods/exec","secrets"],"verbs":["get","list","create"]}]}`,
			verifyFinding{Part: "drift", Tenant: "sales", Kind: "Role", Name: "ns-access-for-sales-admin-istio-system1", Message: "rules"}},
		{"a label", "/api/v1/namespaces/ns-1", `{"metadata":{"labels":{"istio.io/rev":"dev"}}}`,
			verifyFinding{Part: "drift", Tenant: "sales", Kind: "Namespace", Name: "ns-1", Message: `metadata.labels[istio.io/rev]: found "dev": must be "sales"`}},
		{"a label that nobody renders", "/api/v1/namespaces/ns-1", `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"privileged"}}}`,
			verifyFinding{Part: "drift", Tenant: "sales", Kind: "Namespace", Name: "ns-1", Message: `metadata.labels[pod-security.kubernetes.io/enforce]: found "privileged": must not be there`}},
		{"a Deployment that is paused", "/apis/apps/v1/namespaces/istio-system/deployments/istiod-dev", `{"spec":{"paused":true}}`,
			verifyFinding{Part: "drift", Tenant: "dev", Kind: "Deployment", Name: "istiod-dev", Message: `spec.paused: found true: must not be there`}},
		{"a policy that only writes down", "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/" + audited, `{"spec":{"validationActions":["Audit"]}}`,
			verifyFinding{Part: "drift", Tenant: "bases/istio/common", Kind: "ValidatingAdmissionPolicyBinding", Name: audited, Message: `spec.validationActions: found ["Audit"]: must not be there; lacks ["Deny"]`}},
	}
	webhooks := "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/"
	injector := injectorOf(w.tenants["sales"]).GetName()

	var undo []func()
	defer func() {
		for _, f := range undo {
			f()
		}
	}()
	back := func(path string) { // puts what is there now
		before, err := admin.Get(path)
		require.NoError(t, err)
		before.SetManagedFields(nil)
		undo = append(undo, func() {
			require.NoError(t, cluster.Eventually(patience, func() error { // somebody else may write it
				now, err := admin.Get(path)
				if err != nil {
					return err
				}
				before.SetResourceVersion(now.GetResourceVersion())
				text, err := before.MarshalJSON()
				if err != nil {
					return err
				}
				answer, err := admin.Do(http.MethodPut, path, string(text))
				return errors.Join(err, answer.Error())
			}))
		})
	}
	seen := map[string]bool{}
	for _, change := range changes {
		if !seen[change.path] {
			back(change.path)
		}
		seen[change.path] = true
		patch(change.path, change.patch)
	}
	back(webhooks + injector)
	wide, err := admin.Get(webhooks + injector)
	require.NoError(t, err)
	list, _, _ := unstructured.NestedSlice(wide.Object, "webhooks")
	list[0].(map[string]any)["namespaceSelector"] = map[string]any{}
	list[0].(map[string]any)["objectSelector"] = map[string]any{"matchLabels": map[string]any{"nobody": "has-this"}}
	require.NoError(t, unstructured.SetNestedSlice(wide.Object, list, "webhooks"))
	text, err := wide.MarshalJSON()
	require.NoError(t, err)
	require.NoError(t, send(t, admin, http.MethodPut, webhooks+injector, string(text)).Error())

	hr := w.tenants["hr"]
	policies := "/apis/networking.k8s.io/v1/namespaces/ns-2/networkpolicies"
	closed, err := admin.Items(policies)
	require.NoError(t, err)
	require.NotEmpty(t, closed)
	policy := closed[0].GetName()
	require.NoError(t, send(t, admin, http.MethodDelete, policies+"/"+policy, "").Error())
	undo = append(undo, func() {
		for _, o := range hr.objects {
			if o.GetKind() == "NetworkPolicy" && o.GetName() == policy && o.GetNamespace() == "ns-2" {
				_, err := admin.Apply([]*cluster.Object{o})
				require.NoError(t, err)
			}
		}
	})
	bind := rbac + "/namespaces/ns-2/rolebindings"
	require.NoError(t, send(t, admin, http.MethodPost, bind, `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"more"},`+
		`"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"fin-admin"}]}`).Error())
	undo = append(undo, func() { require.NoError(t, send(t, admin, http.MethodDelete, bind+"/more", "").Error()) })

	hr.istiod.Discovery.Kill() // or it mends its webhook
	pod := "/api/v1/namespaces/istio-system2/pods/" + hr.istiod.Pod + "/status"
	ready := func(is string) {
		patch(pod, fmt.Sprintf(`{"status":{"conditions":[{"type":"Ready","status":%q},{"type":"ContainersReady","status":"True"},{"type":"Initialized","status":"True"},{"type":"PodScheduled","status":"True"}]}}`, is))
	}
	available := func(is string) {
		require.NoError(t, cluster.Eventually(patience, func() error {
			deployment, err := admin.Get("/apis/apps/v1/namespaces/istio-system2/deployments/istiod-hr")
			if err != nil {
				return err
			}
			text, _ := json.Marshal(deployment.Object["status"])
			if !strings.Contains(string(text), `"status":"`+is+`","type":"Available"`) {
				return errors.New(string(text))
			}
			return nil
		}))
	}
	ready("False")
	available("False")
	undo = append(undo, func() {
		ready("True")
		require.NoError(t, hr.istiod.Discovery.Start())
		require.NoError(t, hr.istiod.Ready(time.Minute))
		available("True")
	})
	foreign, err := admin.Get("/api/v1/namespaces/ns-0/configmaps/istio-ca-root-cert")
	require.NoError(t, err)
	pem, _, _ := unstructured.NestedString(foreign.Object, "data", "root-cert.pem")
	broken := injectorOf(hr).GetName()
	back(webhooks + broken)
	other, err := admin.Get(webhooks + broken)
	require.NoError(t, err)
	list, _, _ = unstructured.NestedSlice(other.Object, "webhooks")
	require.NoError(t, unstructured.SetNestedField(list[0].(map[string]any), base64.StdEncoding.EncodeToString([]byte(pem)), "clientConfig", "caBundle"))
	other.Object["webhooks"] = list
	text, err = json.Marshal(other.Object)
	require.NoError(t, err)
	require.NoError(t, send(t, admin, http.MethodPut, webhooks+broken, string(text)).Error())

	undo = append(undo, w.admitStrangers(t))

	changed := w.verify(t, cluster.ClusterAdmin, tenantNames)
	finds := func(name string, want verifyFinding) {
		c.check(name, func(t *testing.T) {
			for _, f := range changed.errors() {
				if f.Part == want.Part && f.Tenant == want.Tenant && f.Kind == want.Kind && (want.Name == "" || f.Name == want.Name) && strings.Contains(f.Message, want.Message) {
					return
				}
			}
			require.Fail(t, "not found", "%+v in\n%+v", want, changed.errors())
		})
	}
	for _, change := range changes {
		finds(change.name, change.found)
	}
	finds("a webhook", verifyFinding{Part: "drift", Tenant: "sales", Kind: "MutatingWebhookConfiguration", Name: injector, Message: "namespaceSelector"})
	finds("a NetworkPolicy that is gone", verifyFinding{Part: "drift", Tenant: "hr", Kind: "NetworkPolicy", Name: policy, Message: "is missing"})
	finds("an istiod that is down", verifyFinding{Part: "readiness", Tenant: "hr", Kind: "Deployment", Name: "istiod-hr", Message: "is not available"})
	finds("another's root in a webhook", verifyFinding{Part: "certificates", Tenant: "hr", Kind: "MutatingWebhookConfiguration", Name: broken, Message: "caBundle"})
	finds("what the API server lets the administrator do", verifyFinding{Part: "rights", Tenant: "sales", Message: "User sales-admin may create pods/exec in istio-system1: must not"})
	finds("what the API server lets another's administrator do", verifyFinding{Part: "rights", Tenant: "fin", Message: "User fin-admin may list pods in ns-2: must not"})
	finds("a Namespace without its tenant's label", verifyFinding{Part: "drift", Tenant: "fin", Kind: "Namespace", Name: "ns-7", Message: `metadata.labels[istio-tenancy.dev/tenant]: is missing: must be "fin"`})
	c.findsStrangers(changed.Findings)
	c.check("what is changed in one place is one finding", func(t *testing.T) {
		n := 0
		for _, f := range changed.Findings {
			if f.Kind == "ValidatingAdmissionPolicyBinding" && f.Name == audited {
				n++
			}
		}
		require.Equal(t, 1, n, "%+v", changed.Findings)
		require.Empty(t, changed.Unasked)
	})
	c.check("a binding that nobody renders", func(t *testing.T) {
		for _, f := range changed.Check.Findings {
			if f.Rule == "foreign-right" && f.Object.Kind == "RoleBinding" && f.Object.Namespace == "ns-2" && f.Object.Name == "more" {
				return
			}
		}
		require.Fail(t, "not found", "%+v", changed.Check.Findings)
	})
	c.check("the exit code of what is wrong", func(t *testing.T) { require.Equal(t, 1, changed.code, changed.stderr) })

	all := undo
	undo = nil
	for _, f := range all {
		f()
	}
	settled(t, w.cluster, hr) // istiod has mended its webhook
	bundle := filepath.Join(logs, "verify.tar.gz")
	absolute, err := filepath.Abs(bundle)
	require.NoError(t, err)
	begin := time.Now()
	clean := w.verify(t, cluster.ClusterAdmin, tenantNames, "--bundle", absolute)
	took := time.Since(begin)
	c.check("nothing is found of what was changed back", func(t *testing.T) {
		require.Empty(t, clean.errors())
		require.Empty(t, clean.Unasked)
		require.Empty(t, clean.Check.Errors)
		require.Zero(t, clean.code, clean.stderr)
	})
	for _, of := range clean.Tenants {
		c.check("all of "+of.Name, func(t *testing.T) {
			tenant := w.tenants[of.Name]
			require.Equal(t, len(tenant.objects), of.Objects)
			require.Greater(t, of.Questions, 100)
			require.Len(t, of.ControlPlanes, 1)
			require.NotEmpty(t, of.Until)
		})
	}
	c.note("verify of five tenants: %d requests in %.1f s, of which this program took %.1f s of processors", clean.Requests, took.Seconds(), clean.processor.Seconds())

	denied := w.verify(t, "dev-admin", tenantNames[:1])
	c.check("a user without rights is told so", func(t *testing.T) {
		require.Equal(t, 2, denied.code, "%s\n%+v", denied.stderr, denied.errors())
		require.Contains(t, denied.stderr, "could not be asked")
		require.NotEmpty(t, denied.Unasked)
		require.Empty(t, denied.Check.Findings, "nothing is judged of what nobody has read")
		for _, u := range denied.Unasked {
			require.True(t, u.Denied, "%+v", u)
			require.Contains(t, u.Why, "dev-admin")
		}
	})
	c.check("nothing is written", func(t *testing.T) {
		requests, err := w.cluster.Requests("")
		require.NoError(t, err)
		n := 0
		for _, r := range requests {
			if !strings.HasPrefix(r.Agent, "istio-tenancy/verify") {
				continue
			}
			n++
			switch {
			case r.Verb == "get", r.Verb == "list":
			case r.DryRun && (r.Verb == "patch" || r.Verb == "update"):
			case r.Verb == "create" && r.Resource == "subjectaccessreviews":
			default:
				require.Fail(t, "a write", "%+v", r)
			}
		}
		require.Greater(t, n, clean.Requests)
	})
	c.check("a bundle has names of Secrets, and nothing of their data", func(t *testing.T) {
		text, err := exec.Command("tar", "xzOf", bundle).Output()
		require.NoError(t, err)
		require.Contains(t, string(text), "istio-ca-secret")
		for _, tenant := range tenantNames {
			for _, pattern := range []string{"PRIVATE KEY", "eyJ"} {
				require.NotContains(t, string(text), pattern, tenant)
			}
		}
	})
	c.check("a bundle is not overwritten", func(t *testing.T) {
		before, err := os.ReadFile(bundle)
		require.NoError(t, err)
		command := exec.Command(filepath.Join(w.source.Tools, "istio-tenancy"), "verify", "overlays/dev", "--bundle", absolute)
		command.Dir = w.source.Dir
		out, err := command.CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(out), "exists already")
		after, err := os.ReadFile(bundle)
		require.NoError(t, err)
		require.Equal(t, before, after)
	})
}
