package admit

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/relocate"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// clusterKinds are the kinds without a namespace that a control plane has for
// itself, and what each object of such a kind must be. No other is a tenant's.
var clusterKinds = map[[2]string][]func(Filter, object.ID, *yaml.RNode) error{
	{"", "Namespace"}: {Filter.namespace},
	{"rbac.authorization.k8s.io", "ClusterRole"}:                         {Filter.aggregation, Filter.clusterName},
	{"rbac.authorization.k8s.io", "ClusterRoleBinding"}:                  {Filter.binding, Filter.clusterName},
	{"admissionregistration.k8s.io", "MutatingWebhookConfiguration"}:     {Filter.webhooks, Filter.clusterName},
	{"admissionregistration.k8s.io", "ValidatingWebhookConfiguration"}:   {Filter.webhooks, Filter.clusterName},
	{"admissionregistration.k8s.io", "ValidatingAdmissionPolicy"}:        {Filter.policy, Filter.clusterName},
	{"admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"}: {Filter.policyBinding, Filter.clusterName},
	{"policy.networking.k8s.io", "ClusterNetworkPolicy"}:                 {Filter.clusterNetworkPolicy, Filter.clusterName},
	{istio.GatewayGroup, "GatewayClass"}:                                 {Filter.gatewayClass},
}

// IsTenants says whether an object of a kind without a namespace may be a tenant's.
func IsTenants(group, kind string) bool { return clusterKinds[[2]string{group, kind}] != nil }

func (f Filter) namespace(id object.ID, _ *yaml.RNode) error {
	if own := f.Tenant.Namespaces(); id.Name != v1alpha1.BaseNamespace && !slices.Contains(own, id.Name) {
		return fmt.Errorf("is not one of the tenant's namespaces, %s; list it under spec.applicationNamespaces or remove it",
			strings.Join(own, ", "))
	}
	return nil
}

// controlPlaneNamespaces are the control plane's before and after it has moved.
func (f Filter) controlPlaneNamespaces() []string {
	return []string{v1alpha1.BaseNamespace, f.Tenant.Spec.ControlPlane.Namespace}
}

// clusterName refuses names that do not end in the control plane's namespace:
// the next tenant's object of that name, or the cluster's own, would be
// overwritten.
func (f Filter) clusterName(id object.ID, _ *yaml.RNode) error {
	if relocate.IsKubernetes(id.Name) {
		return fmt.Errorf("metadata.name: found %q; names that begin with \"system:\" are those of Kubernetes' own objects: write another", id.Name)
	}
	if relocate.IsBare(id.Kind, id.Name) || id.Name == istio.DefaultValidator {
		return nil
	}
	for _, namespace := range f.controlPlaneNamespaces() {
		if relocate.IsOwn(id.Kind, id.Name, namespace) {
			return nil
		}
	}
	return fmt.Errorf("metadata.name: found %q; the cluster has only one object of each name, so that a tenant's must end in %q: "+
		"write %[1]s-%[3]s, or take a kind that has a namespace", id.Name, "-"+f.Tenant.Spec.ControlPlane.Namespace, v1alpha1.BaseNamespace)
}

// aggregates are in the keys of labels by which a ClusterRole's rules become part
// of another: of everybody's admin, edit and view, for example, or of an operator's
// own. Sources: the aggregationRules of Kubernetes, Crossplane, Kyverno, Cluster
// API, OpenShift and OLM ("aggregate-to"), of Knative, and of Kueue.
var aggregates = regexp.MustCompile(`aggregate-to|knative\.dev/|rbac\.kueue\.x-k8s\.io/`)

func (f Filter) aggregation(_ object.ID, o *yaml.RNode) error {
	for _, key := range slices.Sorted(maps.Keys(o.GetLabels())) {
		if aggregates.MatchString(key) {
			return fmt.Errorf("metadata.labels: found %s; it adds these rules to a role that is not the tenant's; remove it, "+
				"or have the cluster administrator apply the object with the common base", key)
		}
	}
	if field, _ := o.Pipe(yaml.Lookup("aggregationRule")); field != nil {
		return errors.New("aggregationRule: rights that are aggregated in the cluster cannot be confined; list them under rules")
	}
	return nil
}

// binding refuses cluster-wide rights for anybody but the control plane, and
// addons, whose rights are confined wherever in the tenant they run.
func (f Filter) binding(_ object.ID, o *yaml.RNode) error {
	if len(object.List(o, "subjects")) == 0 {
		return errors.New("subjects: is not a list with at least one entry: must name ServiceAccounts of the control plane")
	}
	for i, s := range object.List(o, "subjects") {
		subject := object.ID{Kind: object.String(s, "kind"), Namespace: object.String(s, "namespace"), Name: object.String(s, "name")}
		if subject.Kind != "ServiceAccount" || !slices.Contains(f.controlPlaneNamespaces(), subject.Namespace) && !f.isAddon(subject) {
			hint := ""
			if subject.Kind == "ServiceAccount" {
				hint = fmt.Sprintf(", or, if it runs in the control plane's namespace, write %s in subjects[%d].namespace, "+
					"which `namespace:` in a kustomization does not do", v1alpha1.BaseNamespace, i)
			}
			return fmt.Errorf("subjects[%d]: found %s; a tenant's overlay grants cluster-wide rights only "+
				"to the control plane's ServiceAccounts; use a RoleBinding%s", i, subject, hint)
		}
	}
	return nil
}

// isAddon says whether an account is an addon's, in an application namespace.
func (f Filter) isAddon(account object.ID) bool {
	return (account.Namespace == "" || slices.Contains(f.Tenant.Spec.ApplicationNamespaces, account.Namespace)) &&
		slices.ContainsFunc(istio.Components, func(c istio.Component) bool { return c.Addon && slices.Contains(c.Accounts, account.Name) })
}

// webhooks refuses those that call something else than a Service of the control
// plane's namespace: the API server would ask a tenant's application about
// objects of others, and of the cluster.
func (f Filter) webhooks(_ object.ID, o *yaml.RNode) error {
	var errs []error
	for i, w := range object.List(o, "webhooks") {
		url, namespace := object.String(w, "clientConfig", "url"), object.String(w, "clientConfig", "service", "namespace")
		const allow = "a tenant's webhooks call its control plane only; " +
			"the cluster administrator may apply this one with the common base, with a namespaceSelector and scope Namespaced"
		if url != "" {
			errs = append(errs, fmt.Errorf("webhooks[%d].clientConfig.url: found %q; %s", i, url, allow))
			continue
		}
		if !slices.Contains(f.controlPlaneNamespaces(), namespace) {
			errs = append(errs, fmt.Errorf("webhooks[%d].clientConfig.service.namespace: found %q; must be %q: %s",
				i, namespace, f.Tenant.Spec.ControlPlane.Namespace, allow))
		}
		for j, r := range object.List(w, "rules") {
			if object.String(r, "scope") == "Cluster" {
				errs = append(errs, fmt.Errorf("webhooks[%d].rules[%d].scope: found \"Cluster\"; must be \"Namespaced\": "+
					"objects without a namespace are not the tenant's", i, j))
			}
		}
	}
	return errors.Join(errs...)
}

// clusterNetworkPolicy refuses all but those that an earlier run has made: one of
// an overlay would decide before NetworkPolicies for Pods of the whole cluster.
func (f Filter) clusterNetworkPolicy(_ object.ID, o *yaml.RNode) error {
	if o.GetLabels()[v1alpha1.TenantLabel] == f.Tenant.Name() {
		return nil
	}
	return errors.New("decides for Pods of the whole cluster, so it is not a tenant's; set spec.network.floor of the tenant to true, " +
		"which makes those that close its namespaces, or move it to the common base, which the cluster administrator applies")
}

// gatewayClass refuses all but the one of a tenant: another would give Gateways of
// the whole cluster to a controller, or take them away from one.
func (f Filter) gatewayClass(id object.ID, o *yaml.RNode) error {
	values := istio.Values{Tenant: f.Tenant.Name()}
	class, controller := values.Expand(istio.GatewayClass), values.Expand(istio.GatewayController)
	const right = "list bases/istio/gateway-class in its place, which is the tenant's, or have the cluster administrator apply this one with the common base"
	if id.Name != istio.BaseGatewayClass && id.Name != class {
		return fmt.Errorf("metadata.name: found %q; the cluster has only one GatewayClass of each name, and a tenant's is %q: %s", id.Name, class, right)
	}
	if found := object.String(o, "spec", "controllerName"); found != istio.DefaultGatewayController && found != controller {
		return fmt.Errorf("spec.controllerName: found %q; a tenant's class is served by %q: %s", found, controller, right)
	}
	return nil
}

// policy refuses admission policies but Istio's own: a policy holds for the
// whole cluster, and one that denies everything stops everybody.
func (f Filter) policy(id object.ID, o *yaml.RNode) error {
	const allow = "the only admission policy in a tenant's overlay is Istio's stable-channel-policy; " +
		"the cluster administrator may apply this one with the common base"
	if !strings.HasPrefix(id.Name, istio.StablePolicy) {
		return errors.New(allow)
	}
	revisions := []string{f.revision()}
	if !f.Again { // what a base has becomes the tenant's own
		revisions = append(revisions, istio.DefaultRevision)
	}
	rules := object.List(o, "spec", "matchConstraints", "resourceRules")
	for i, r := range rules {
		for _, group := range object.Strings(r, "apiGroups") {
			if !strings.HasSuffix(group, istio.Domain) {
				return fmt.Errorf("spec.matchConstraints.resourceRules[%d].apiGroups: found %q; must be a group of Istio's: %s", i, group, allow)
			}
		}
	}
	selects := slices.ContainsFunc(object.List(o, "spec", "matchConstraints", "objectSelector", "matchExpressions"), func(e *yaml.RNode) bool {
		values := object.Strings(e, "values")
		return object.String(e, "key") == istio.RevisionLabel && object.String(e, "operator") == "In" && len(values) == 1 &&
			slices.Contains(revisions, values[0])
	})
	if len(rules) == 0 || !selects {
		return fmt.Errorf("spec.matchConstraints: must select objects by %s In [%s] and kinds of Istio's: %s",
			istio.RevisionLabel, f.revision(), allow)
	}
	return nil
}

// policyBinding refuses to bind any other policy than the tenant's own.
func (f Filter) policyBinding(_ object.ID, o *yaml.RNode) error {
	name := object.String(o, "spec", "policyName")
	if !strings.HasPrefix(name, istio.StablePolicy) {
		return fmt.Errorf("spec.policyName: found %q; a tenant's overlay binds only the admission policy stable-channel-policy of Istio; "+
			"the cluster administrator may apply this one with the common base", name)
	}
	return f.clusterName(object.ID{Kind: "ValidatingAdmissionPolicy", Name: name}, nil)
}

func (f Filter) warn(message string) {
	if f.Warn != nil {
		f.Warn(message)
	}
}
