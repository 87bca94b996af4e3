package admit_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/apiserver/pkg/admission"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// around is what all cases have: two Namespaces, a right, and parameters.
const around = `
{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, labels: {tenant: sales}, annotations: {limit: "2"}}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {namespace: ns-1, name: limits, labels: {of: limits}}, data: {max: "3"}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: administers}, rules: [{apiGroups: [example.com], resources: [tenants], verbs: [administer]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: administers}, roleRef: {kind: ClusterRole, name: administers}, subjects: [{kind: Group, name: chiefs}]}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: gateways.networking.istio.io}, spec: {group: networking.istio.io, scope: Namespaced, names: {kind: Gateway, plural: gateways}, versions: [{name: v1, served: true}, {name: v1beta1, served: true}, {name: v1alpha3, served: false}]}}
---
`

// bound is a policy that is bound with the action Deny, by its spec.
func bound(spec string) string {
	return "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: p}, spec: " + spec + "}\n---\n" +
		"{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyBinding, metadata: {name: b}, spec: {policyName: p, validationActions: [Deny]}}\n"
}

const pods = `matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [pods]}]}`

func TestRefusals(t *testing.T) {
	pod := `{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: x}}, spec: {hostNetwork: true, volumes: [], containers: [{name: c, image: i}]}}`
	for _, c := range []struct {
		name, policies string
		request        string // OPERATION RESOURCE[/SUBRESOURCE] NAMESPACE
		object, old    string
		want           string // messages; "": accepted
	}{
		{"a validation", bound(`{` + pods + `, validations: [{expression: "!object.spec.hostNetwork", message: nope}]}`), "CREATE pods ns-1", pod, "", "nope"},
		{"another operation", bound(`{` + pods + `, validations: [{expression: "false"}]}`), "DELETE pods ns-1", "", pod, ""},
		{"another resource", bound(`{` + pods + `, validations: [{expression: "false"}]}`), "CREATE pods/eviction ns-1", `{apiVersion: v1, kind: Pod}`, "", ""},
		{"the expression stands for a message", bound(`{` + pods + `, validations: [{expression: " 1 == 2 "}]}`), "CREATE pods ns-1", pod, "", "failed expression: 1 == 2"},
		{"a message that is made", bound(`{` + pods + `, variables: [{name: who, expression: "request.userInfo.username"}], validations: [{expression: "false", messageExpression: "variables.who + ' in ' + request.namespace", message: other}]}`), "CREATE pods ns-1", pod, "", "ann in ns-1"},
		{"a message that cannot be made", bound(`{` + pods + `, validations: [{expression: "false", messageExpression: "object.spec.nothing", message: other}]}`), "CREATE pods ns-1", pod, "", "other"},
		{"what is empty is not there", bound(`{` + pods + `, validations: [{expression: "!has(object.spec.volumes)"}]}`), "CREATE pods ns-1", pod, "", ""},
		{"a condition that is not met", bound(`{` + pods + `, matchConditions: [{name: c, expression: "request.operation == 'UPDATE'"}], validations: [{expression: "false"}]}`), "CREATE pods ns-1", pod, "", ""},
		{"a condition that is met", bound(`{` + pods + `, matchConditions: [{name: c, expression: "request.operation == 'UPDATE'"}], validations: [{expression: "object.metadata.labels == oldObject.metadata.labels", message: nope}]}`), "UPDATE pods ns-1", pod, `{kind: Pod, metadata: {name: a, labels: {app: z}}}`, "nope"},
		{"an error", bound(`{` + pods + `, validations: [{expression: "object.spec.nodeName == ''"}]}`), "CREATE pods ns-1", pod, "", "expression 'object.spec.nodeName == ''' resulted in error: no such key: nodeName"},
		{"an error that is ignored", bound(`{failurePolicy: Ignore, ` + pods + `, validations: [{expression: "object.spec.nodeName == ''"}]}`), "CREATE pods ns-1", pod, "", ""},
		{"an expression that is none", bound(`{` + pods + `, validations: [{expression: "object.("}]}`), "CREATE pods ns-1", pod, "", "compilation error: compilation failed: ERROR: <input>:1:8: Syntax error"},
		{"a policy without constraints", bound(`{validations: [{expression: "true"}]}`), "CREATE pods ns-1", pod, "", "spec.matchConstraints: is missing"},
		{"a right that somebody has not", bound(`{` + pods + `, validations: [{expression: "authorizer.group('example.com').resource('tenants').check('administer').allowed()", message: nope}]}`), "CREATE pods ns-1", pod, "", "nope"},
		{"a right that a group has", bound(`{` + pods + `, validations: [{expression: "authorizer.group('example.com').resource('tenants').check('administer').allowed()", message: nope}]}`), "CREATE pods ns-1 chiefs", pod, "", ""},
		{"the annotations of a Namespace", bound(`{` + pods + `, validations: [{expression: "namespaceObject.metadata.annotations['limit'] == '2'"}]}`), "CREATE pods ns-1", pod, "", ""},
		{"the label that each Namespace has", bound(`{` + pods + `, validations: [{expression: "namespaceObject.metadata.labels['kubernetes.io/metadata.name'] == 'other' && !has(namespaceObject.metadata.annotations)"}]}`), "CREATE pods other", pod, "", ""},
		{"only a binding with Warn", strings.Replace(bound(`{`+pods+`, validations: [{expression: "false"}]}`), "[Deny]", "[Warn, Audit]", 1), "CREATE pods ns-1", pod, "", ""},
		{"no binding", strings.Replace(bound(`{`+pods+`, validations: [{expression: "false"}]}`), "policyName: p", "policyName: q", 1), "CREATE pods ns-1", pod, "", ""},
		{"a binding that selects another Namespace", strings.Replace(bound(`{`+pods+`, validations: [{expression: "false"}]}`), "policyName: p", "policyName: p, matchResources: {namespaceSelector: {matchLabels: {tenant: dev}}}", 1), "CREATE pods ns-1", pod, "", ""},
		{"a value for the audit log that fails", strings.Replace(bound(`{`+pods+`, validations: [{expression: "true"}], auditAnnotations: [{key: k, valueExpression: "string(object.spec.nodeName)"}]}`), "[Deny]", "[Audit]", 1), "CREATE pods ns-1", pod, "", "expression 'string(object.spec.nodeName)' resulted in error: no such key: nodeName"},
		{"Namespaces by a selector", bound(`{matchConstraints: {namespaceSelector: {matchLabels: {tenant: sales}}, resourceRules: [{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"]}]}, validations: [{expression: "false", message: nope}]}`), "CREATE pods/exec ns-1", `{kind: PodExecOptions}`, "", "nope"},
		{"a Namespace that the selector does not select", bound(`{matchConstraints: {namespaceSelector: {matchLabels: {tenant: sales}}, resourceRules: [{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"]}]}, validations: [{expression: "false", message: nope}]}`), "CREATE pods other", pod, "", ""},
		{"a Namespace by its own labels", bound(`{matchConstraints: {namespaceSelector: {matchLabels: {tenant: dev}}, resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [UPDATE], resources: [namespaces]}]}, validations: [{expression: "false", messageExpression: "request.namespace + ' ' + object.metadata.labels['kubernetes.io/metadata.name'] + ' ' + string(namespaceObject == null)"}]}`), "UPDATE namespaces -", `{kind: Namespace, metadata: {name: ns-1, labels: {tenant: dev}}}`, `{kind: Namespace, metadata: {name: ns-1}}`, "ns-1 ns-1 true"},
		{"a Namespace that is no namespaced object", bound(`{matchConstraints: {resourceRules: [{scope: Namespaced, apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [namespaces]}]}, validations: [{expression: "false"}]}`), "CREATE namespaces -", `{kind: Namespace, metadata: {name: ns-1}}`, "", ""},
		{"objects by the labels before", bound(`{matchConstraints: {objectSelector: {matchLabels: {app: z}}, resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: ["*"], resources: [pods]}]}, validations: [{expression: "false", message: nope}]}`), "UPDATE pods ns-1", pod, `{kind: Pod, metadata: {name: a, labels: {app: z}}}`, "nope"},
		{"an object that is not selected", bound(`{matchConstraints: {objectSelector: {matchLabels: {app: z}}, resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: ["*"], resources: [pods]}]}, validations: [{expression: "false", message: nope}]}`), "CREATE pods ns-1", pod, "", ""},
		{"excluded", bound(`{matchConstraints: {excludeResourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}], resourceRules: [{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"]}]}, validations: [{expression: "false", message: nope}]}`), "CREATE pods ns-1", pod, "", ""},
		{"not excluded", bound(`{matchConstraints: {excludeResourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [UPDATE], resources: [pods]}], resourceRules: [{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"]}]}, validations: [{expression: "false", message: nope}]}`), "CREATE pods ns-1", pod, "", "nope"},
		{"by name", bound(`{matchConstraints: {resourceRules: [{resourceNames: [a], apiGroups: [""], apiVersions: [v1], operations: ["*"], resources: [pods]}]}, validations: [{expression: "false", message: nope}]}`), "CREATE pods ns-1", pod, "", "nope"},
		{"by another name", bound(`{matchConstraints: {resourceRules: [{resourceNames: [b], apiGroups: [""], apiVersions: [v1], operations: ["*"], resources: [pods]}]}, validations: [{expression: "false", message: nope}]}`), "CREATE pods ns-1", pod, "", ""},
		{"an equivalent version", bound(`{matchConstraints: {resourceRules: [{apiGroups: [networking.istio.io], apiVersions: [v1beta1], operations: ["*"], resources: [gateways]}]}, validations: [{expression: "false", messageExpression: "object.apiVersion + ' ' + request.kind.version + ' ' + request.requestKind.version"}]}`), "CREATE gateways.v1.networking.istio.io ns-1", `{kind: Gateway, metadata: {name: g}}`, "", "networking.istio.io/v1beta1 v1beta1 v1"},
		{"an equivalent version of Kubernetes' own", bound(`{matchConstraints: {resourceRules: [{apiGroups: [autoscaling], apiVersions: [v2], operations: ["*"], resources: [horizontalpodautoscalers]}]}, validations: [{expression: "object.apiVersion == 'autoscaling/v1'", messageExpression: "string(object.apiVersion)"}]}`), "CREATE horizontalpodautoscalers.v1.autoscaling ns-1", `{kind: HorizontalPodAutoscaler, metadata: {name: g}}`, "", "autoscaling/v2"},
		{"exactly another version", bound(`{matchConstraints: {matchPolicy: Exact, resourceRules: [{apiGroups: [networking.istio.io], apiVersions: [v1beta1], operations: ["*"], resources: [gateways]}]}, validations: [{expression: "false"}]}`), "CREATE gateways.v1.networking.istio.io ns-1", `{kind: Gateway, metadata: {name: g}}`, "", ""},
		{"a version that is not served", bound(`{matchConstraints: {resourceRules: [{apiGroups: [networking.istio.io], apiVersions: [v1alpha3], operations: ["*"], resources: [gateways]}]}, validations: [{expression: "false"}]}`), "CREATE gateways.v1.networking.istio.io ns-1", `{kind: Gateway, metadata: {name: g}}`, "", ""},
		{"a policy about policies", bound(`{matchConstraints: {resourceRules: [{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"]}]}, validations: [{expression: "false"}]}`), "CREATE validatingadmissionpolicies.v1.admissionregistration.k8s.io -", `{kind: ValidatingAdmissionPolicy, metadata: {name: g}}`, "", ""},
		{"a parameter", params("name: limits, namespace: ns-1, parameterNotFoundAction: Deny"), "CREATE pods ns-1", pod, "", "ConfigMap limits 3"},
		{"a parameter in the request's namespace", params("name: limits, parameterNotFoundAction: Deny"), "CREATE pods ns-1", pod, "", "ConfigMap limits 3"},
		{"parameters by labels", params("selector: {matchLabels: {of: limits}}, parameterNotFoundAction: Deny"), "CREATE pods ns-1", pod, "", "ConfigMap limits 3"},
		{"a parameter that is not there", params("name: limits, parameterNotFoundAction: Deny"), "CREATE pods other", pod, "", "no params found for policy binding with `Deny` parameterNotFoundAction"},
		{"a parameter that may be missing", params("name: limits, parameterNotFoundAction: Allow"), "CREATE pods other", pod, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := read(t, around+c.policies)
			authorizer, err := authorize.New(s)
			require.NoError(t, err)
			a, err := admit.New(s, authorizer)
			require.NoError(t, err)
			refusals, err := a.Refusals(context.Background(), request(t, c.request, c.object, c.old))
			require.NoError(t, err)
			if c.want == "" {
				require.Empty(t, refusals)
				return
			}
			require.Len(t, refusals, 1)
			require.Contains(t, refusals[0].Message, c.want)
			require.Equal(t, "p", refusals[0].Policy)
			require.Equal(t, "file", refusals[0].Source.File)
		})
	}
}

func params(ref string) string {
	return strings.Replace(bound(`{paramKind: {apiVersion: v1, kind: ConfigMap}, `+pods+`, validations: [{expression: "false", messageExpression: "params.kind + ' ' + params.metadata.name + ' ' + params.data.max"}]}`),
		"policyName: p", "policyName: p, paramRef: {"+ref+"}", 1)
}

func TestAnObjectThatIsNotOfItsKindIsAnError(t *testing.T) {
	s := read(t, around)
	authorizer, err := authorize.New(s)
	require.NoError(t, err)
	a, err := admit.New(s, authorizer)
	require.NoError(t, err)
	_, err = a.Refusals(context.Background(), request(t, "CREATE pods ns-1", `{kind: Pod, metadata: {name: a}, spec: {containers: none}}`, ""))
	require.ErrorContains(t, err, "Pod ns-1/a: ")
}

func TestAPolicyThatIsNoneIsAnError(t *testing.T) {
	_, err := admit.New(read(t, bound(`{validations: none}`)), nil)
	require.ErrorContains(t, err, "file: ValidatingAdmissionPolicy p: ")
}

func request(t *testing.T, text, content, old string) admit.Request {
	t.Helper()
	words := append(strings.Fields(text), "")
	name, sub, _ := strings.Cut(words[1], "/")
	resource := schema.GroupVersionResource{Version: "v1", Resource: name}
	if parsed, _ := schema.ParseResourceArg(name); parsed != nil {
		resource = *parsed
	}
	r := admit.Request{Subject: authorize.Subject{User: "ann", Groups: []string{words[3]}}, Operation: admission.Operation(words[0]),
		Resource: resource, Subresource: sub, Namespace: strings.TrimPrefix(words[2], "-"), Object: decode(t, content), Old: decode(t, old)}
	kind := r.Old
	if r.Object != nil {
		kind = r.Object
	}
	r.Kind = resource.GroupVersion().WithKind(kind["kind"].(string))
	return r
}

func decode(t *testing.T, text string) map[string]any {
	t.Helper()
	if text == "" {
		return nil
	}
	o := objects(t, text)
	return o[len(o)-1].Content
}

func read(t *testing.T, text string) *snapshot.Snapshot {
	t.Helper()
	return snapshot.New(objects(t, text), nil)
}

func objects(t *testing.T, text string) (all []*snapshot.Object) {
	t.Helper()
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader([]byte(text)), 4096)
	for {
		o := &unstructured.Unstructured{}
		err := decoder.Decode(&o)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all = append(all, &snapshot.Object{Content: o.Object, Source: snapshot.Source{File: "file"},
			ID: object.ID{Group: o.GroupVersionKind().Group, Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName()}})
	}
}
