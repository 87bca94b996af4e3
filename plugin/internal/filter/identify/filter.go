package identify

import (
	"errors"
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
)

// Filter gives the mesh of Tenant an identity of its own.
type Filter struct {
	Tenant tenancy.Tenant

	identity istio.Identity
}

var _ kio.Filter = Filter{}

// Filter changes the control plane, what it injects, and Pods that ask for tokens of
// the mesh. It returns an error if tokens have no audience, and if a proxy would use
// plaintext xDS.
func (f Filter) Filter(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	for _, component := range f.Tenant.Components() {
		if component.Identity == nil {
			continue
		}
		f.identity = *component.Identity
		if err := f.settle(objects); err != nil {
			return nil, err
		}
		return objects, nil
	}
	if len(f.Tenant.Spec.ControlPlane.ExtraTokenAudiences) > 0 {
		return nil, f.noAudience("has no such tokens")
	}
	return objects, f.unknown()
}

// unknown closes the other doors of a control plane whose version has no
// identity: they are of later versions, and that version may be stated wrongly.
func (f Filter) unknown() error {
	if f.Tenant.Plane.Deployment == nil {
		return nil
	}
	id := object.IDOf(f.Tenant.Plane.Deployment)
	for _, component := range istio.Components {
		if component.Identity == nil {
			continue
		}
		for _, v := range component.Identity.Variables {
			v.OnlyIfSet = true
			f.identity.Variables = append(f.identity.Variables, v)
		}
	}
	if err := f.variables(id); err != nil {
		return fmt.Errorf("%s: %w", id, err)
	}
	return nil
}

func (f Filter) settle(objects []*yaml.RNode) error {
	known := f.Tenant.Holds(f.identity.Range)
	extra := f.Tenant.Spec.ControlPlane.ExtraTokenAudiences
	switch {
	case !known && len(extra) > 0:
		return f.noAudience(f.identity.Why)
	case !known:
		f.Tenant.Warn("Istio %s %s", f.Tenant.Version, f.identity.Why)
	case len(extra) > 0:
		f.warnOfIssuers(extra)
		f.Tenant.Warn("spec.controlPlane.extraTokenAudiences: found %s: whoever gets a token of that audience, and can connect to the control "+
			"plane, joins the mesh, and only NetworkPolicies prevent this; leave it out as soon as the proxies that need it have been restarted",
			strings.Join(extra, ", "))
	}
	var errs []error
	if known {
		errs = append(errs, f.refused(objects))
	}
	errs = append(errs, f.twice(), f.program(), f.openings(objects), f.beside(objects), f.clusters(objects), f.plaintext(objects), f.addresses(objects))
	if known {
		errs = append(errs, f.audiences(objects))
	}
	return errors.Join(errs...)
}

// warnOfIssuers names audiences that are called as an issuer of tokens is: the API
// server takes its own, unless it is told otherwise.
func (f Filter) warnOfIssuers(audiences []string) {
	for _, audience := range audiences {
		if strings.Contains(audience, "://") {
			f.Tenant.Warn("spec.controlPlane.extraTokenAudiences: found %s: if the API server accepts that audience, as it accepts its issuer's URL, every Pod of "+
				"the cluster has a token for it already: compare with kubectl get --raw /.well-known/openid-configuration, and with --api-audiences of kube-apiserver", audience)
		}
	}
}

func (f Filter) noAudience(why string) error {
	return fmt.Errorf("spec.controlPlane.extraTokenAudiences: has no effect: Istio %s %s: leave it out", f.Tenant.Version, why)
}

// program sets what the control plane is run with.
func (f Filter) program() error {
	if f.Tenant.Plane.Deployment == nil {
		return nil
	}
	id := object.IDOf(f.Tenant.Plane.Deployment)
	if err := f.arguments(id); err != nil {
		return fmt.Errorf("%s: %w", id, err)
	}
	if err := f.variables(id); err != nil {
		return fmt.Errorf("%s: %w", id, err)
	}
	return nil
}
