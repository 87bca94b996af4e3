package confine

import (
	"errors"
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rbac"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
)

// enough rights make the point.
const enough = 5

// ErrEscalates is what Escalation wraps.
var ErrEscalates = errors.New("whoever may become the control plane reaches beyond the tenant")

// Escalation returns, as an error, what a subject that uses one of the control
// plane's ServiceAccounts could do outside of the tenant; nil is nothing. It is for
// objects that Filter has confined.
func Escalation(objects []*yaml.RNode, tenant tenancy.Tenant) error {
	var found []string
	for _, binding := range object.Of("ClusterRoleBinding", objects) {
		role, err := roleOf(binding, objects)
		if err != nil {
			return err
		}
		rules, err := rbac.Of(role)
		if err != nil {
			return err
		}
		h, err := Filter{Tenant: tenant}.holderOf(role, objects)
		if err != nil {
			return fmt.Errorf("%s: %w", object.IDOf(role), err)
		}
		for _, r := range rules {
			found = append(found, escalates(r, h)...)
		}
	}
	if len(found) == 0 {
		return nil
	}
	if more := len(found) - enough; more > 0 {
		found = append(found[:enough], fmt.Sprintf("and %d more", more))
	}
	return fmt.Errorf("%w: %s", ErrEscalates, strings.Join(found, "; "))
}

// Exception is a right outside of the tenant that the program needs.
type Exception struct {
	Accounts, Verbs, Resources []string
	Why                        string
}

// Exceptions are all that a version has in a mode, in the order of the catalogue.
func Exceptions(version *semver.Version, mode istio.Mode) []Exception {
	reaches := func(p istio.Place) bool {
		return p == istio.ClusterException || p == istio.ListedException && !mode.Proxied
	}
	var found []Exception
	for _, c := range istio.Of(version) {
		for _, r := range c.RightsIn(version) {
			if !reaches(r.Read) && !reaches(r.Write) {
				continue
			}
			e := Exception{Accounts: accounts(c), Verbs: rbac.Read, Why: r.Why}
			if reaches(r.Write) {
				e.Verbs = r.Verbs
			}
			for _, resource := range r.Resources {
				e.Resources = append(e.Resources, rbac.Resource(r.Groups[0], resource))
			}
			found = append(found, e)
		}
	}
	return found
}

// accounts are a component's; those of the control plane, which its Deployment
// names, are called as upstream calls them.
func accounts(c istio.Component) []string {
	if c.Discovery {
		return []string{c.Name}
	}
	return c.Accounts
}

// String is "istio-mixer-service-account: get, list, watch pods".
func (e Exception) String() string {
	return fmt.Sprintf("%s: %s %s", strings.Join(e.Accounts, ", "), strings.Join(e.Verbs, ", "), strings.Join(e.Resources, ", "))
}
