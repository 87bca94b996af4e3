package istio

// The names of the policies that are generated for a mesh.
const (
	MutualTLSPolicy    = "default"
	OtherTenantsPolicy = "deny-other-tenants"
)

// Conditions are the versions whose istiod keeps the matchConditions of its own
// validating webhook. It reads and writes that as a whole when it writes its
// caBundle, and loses the fields that it does not know; k8s.io/api has this one since
// v0.27. Source: go.mod of istio.io/client-go, which istiod is built with: v1.18.0
// needs k8s.io/api v0.27.0, and v1.17.0 v0.26.0.
var Conditions = Range{Since: "1.18"}

// Condition is one of a webhook's matchConditions: the API server calls the
// webhook if every one is true.
type Condition struct{ Name, Expression string }

// ValidatorConditions are those of istiod's validator. What an apply repeats, and
// what the cluster administrator's build generates, needs no istiod, so that a
// tenant whose istiod is away can be applied, and istiod be repaired by that.
//
// A validator says nothing else of an object whose spec, and whose labels and
// annotations of Istio's, are those that it was asked about before. The annotation
// by which istiod tries its own webhook is never left out. Sources:
// pkg/config/validation/validation.go and pkg/webhooks/validation/controller of
// istio/istio.
//
// The generated policies are so by their names, their label and the requester:
// anybody may write the first two.
var ValidatorConditions = []Condition{
	{"changes.istio-tenancy.dev", `request.operation != 'UPDATE' || object.?spec.orValue({}) != oldObject.?spec.orValue({})` +
		` || 'internal.istio.io/webhook-always-reject' in object.metadata.?annotations.orValue({})` +
		` || ['labels', 'annotations'].exists(f, [object, oldObject].exists(o, f in o.metadata && o.metadata[f].exists(k, k.contains('istio.io/')` +
		` && ![object, oldObject].all(p, f in p.metadata && k in p.metadata[f] && p.metadata[f][k] == o.metadata[f][k]))))`},
	{"generated.istio-tenancy.dev", `!(request.resource.group == '` + SecurityGroup + `'` +
		` && request.resource.resource + '/' + object.metadata.?name.orValue('') in ['peerauthentications/` + MutualTLSPolicy + `', 'authorizationpolicies/` + OtherTenantsPolicy + `']` +
		` && 'istio-tenancy.dev/tenant' in object.metadata.?labels.orValue({})` +
		` && authorizer.group('istio-tenancy.dev').resource('istiotenants').check('administer').allowed())`},
}
