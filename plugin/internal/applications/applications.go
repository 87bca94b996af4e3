// Package applications is for overlays without a control plane: a tenant's
// applications that are built separately, by another team, from another repository,
// or by a GitOps tool that applies them later; and a tenant that shares the control
// plane of another.
//
// The base has a marker instead of a control plane. It states what is otherwise known
// from the control plane's own base:
//
//	apiVersion: v1
//	kind: ConfigMap
//	metadata:
//	  name: istio-applications
//	  namespace: ISTIO_TENANT_NAMESPACE    # which no API server accepts
//	  labels:
//	    istio-tenancy.dev/part: applications
//	  annotations:
//	    istio-tenancy.dev/istio-version: 1.31.0
//	    istio-tenancy.dev/api-proxy-image: registry.example/istio-tenancy:1.0    # if there is one
//
// The version decides what differs between versions: how Pods name their mesh, which
// class an Ingress has, which gateways istiod deploys. The image decides the discovery,
// and with it whether a tenant may have several namespaces. Nothing else in a base
// changes the output for an application. The base's own classes, of Ingresses up to 1.17
// and of Gateways from 1.22 on, are assumed to be Istio's default.
//
// The marker of a tenant that shares a control plane is called istio-shared, and the
// value of its label is "shared".
package applications

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/gateway"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Marker is the object in the base of a part. It states the version of the control
// plane and the image of its API proxy; nil is none.
func Marker(part v1alpha1.Part, version string, image *string) (*yaml.RNode, error) {
	o, err := object.Node(object.New("v1", "ConfigMap", v1alpha1.BaseNamespace, "istio-"+string(part), nil))
	if err != nil {
		return nil, err
	}
	if err := o.PipeE(yaml.SetLabel(v1alpha1.PartLabel, string(part))); err != nil {
		return nil, err
	}
	if err := o.PipeE(yaml.SetAnnotation(controlplane.VersionAnnotation, version)); err != nil || image == nil {
		return o, err
	}
	return o, o.PipeE(yaml.SetAnnotation(v1alpha1.APIProxyImageAnnotation, *image))
}

// partOf is the part that an object marks; "", if it is no marker.
func partOf(o *yaml.RNode) v1alpha1.Part {
	labels := o.GetLabels()
	part := v1alpha1.Part(labels[v1alpha1.PartLabel])
	if o.GetKind() != "ConfigMap" || labels[v1alpha1.TenantLabel] != "" || part != v1alpha1.PartApplications && part != v1alpha1.PartShared {
		return ""
	}
	return part
}

// Are says whether objects are a build of applications only.
func Are(objects []*yaml.RNode) bool { return slices.ContainsFunc(objects, isMarker) }

func isMarker(o *yaml.RNode) bool { return partOf(o) != "" }

// Build is a build without a control plane.
type Build struct {
	part   v1alpha1.Part
	marker *yaml.RNode
	own    []*yaml.RNode // what the overlay brings
	plane  []*yaml.RNode // what stands in for the control plane
}

// Of is the build of a tenant that objects are of; nil, if they have a control plane,
// or should. What is in the control plane's namespace, own or by the base's name for it,
// or has none, is an error, and so is a base that is not for the tenant's mesh.
func Of(objects []*yaml.RNode, t v1alpha1.IstioTenant) (*Build, error) {
	i := slices.IndexFunc(objects, isMarker)
	if i < 0 {
		return nil, lacks(objects, t)
	}
	b := &Build{part: partOf(objects[i]), marker: objects[i], own: object.Remove(slices.Clone(objects), isMarker)}
	if at := b.marker.GetNamespace(); at != v1alpha1.BaseNamespace {
		return nil, fmt.Errorf("%s: metadata.namespace: found %q, and a base has %s: `namespace:` in a kustomization has moved it; remove that",
			object.IDOf(b.marker), at, v1alpha1.BaseNamespace)
	}
	if b.shared() && t.Spec.Mesh != v1alpha1.MeshShared {
		return nil, fmt.Errorf("spec.mesh: found %q, and the base among the objects is for a tenant that shares a control plane: "+
			"list bases/istio/control-plane under resources in its place, or set %q", t.Spec.Mesh, v1alpha1.MeshShared)
	}
	if plane, err := controlplane.Find(objects); !errors.Is(err, controlplane.ErrNone) {
		what := "control planes are"
		if plane.Deployment != nil {
			what = object.IDOf(plane.Deployment).String() + " is"
		}
		return nil, fmt.Errorf("%s among the objects, beside the base of %s: list %[2]s or a control plane's base under resources, and not both", what, b.base())
	}
	if err := b.foreign(t.Spec.ControlPlane.Namespace); err != nil {
		return nil, err
	}
	b.own = object.Remove(b.own, func(o *yaml.RNode) bool {
		return object.IsClusterScoped(o) && (!b.shared() || o.GetName() == v1alpha1.BaseNamespace)
	})
	if len(b.own) == 0 && !b.shared() {
		return nil, errors.New("no application: the objects are those of the base of applications only; list what the tenant runs under resources")
	}
	return b, b.standsIn()
}

// standsIn makes what stands in for the control plane.
func (b *Build) standsIn() error {
	standIn, err := b.standIn()
	if err != nil {
		return err
	}
	mesh, err := object.Node(object.New("v1", "ConfigMap", v1alpha1.BaseNamespace, istio.MeshConfigMap, map[string]any{
		"data": map[string]any{istio.MeshKey: "{}\n"},
	}))
	b.plane = []*yaml.RNode{standIn, mesh}
	return err
}

func (b *Build) shared() bool { return b.part == v1alpha1.PartShared }

func (b *Build) base() string { return "bases/istio/" + string(b.part) }

// lacks says that a tenant has no control plane of its own, and no base that says so.
func lacks(objects []*yaml.RNode, t v1alpha1.IstioTenant) error {
	if t.Spec.Mesh != v1alpha1.MeshShared {
		return nil
	}
	found := "no base is among the objects"
	if plane, _ := controlplane.Find(objects); plane.Deployment != nil {
		found = object.IDOf(plane.Deployment).String() + " is among the objects"
	}
	return fmt.Errorf("spec.mesh: found %q, with which the tenant brings no control plane, and %s: list bases/istio/%s under resources, "+
		"in the place of a control plane's base, or set %q", t.Spec.Mesh, found, v1alpha1.PartShared, v1alpha1.MeshDedicated)
}

// foreign refuses what is not the applications'; of a whole tenant, its Namespaces are
// among these, which the chain looks at.
func (b *Build) foreign(own string) error {
	var errs []error
	for _, o := range b.own {
		switch {
		case o.GetKind() == "Namespace" && (b.shared() || o.GetName() == v1alpha1.BaseNamespace): // the base's, for who runs no function
		case object.IsClusterScoped(o):
			errs = append(errs, fmt.Errorf("%s: has no namespace, and is no application: it belongs in the overlay with the tenant's control plane", object.IDOf(o)))
		case slices.Contains([]string{v1alpha1.BaseNamespace, own}, o.GetNamespace()) && !gateway.Owns(o): // which the chain moves to the applications
			errs = append(errs, fmt.Errorf("%s: metadata.namespace: found %s, where the control plane is: it belongs in the overlay with the control plane", object.IDOf(o), o.GetNamespace()))
		}
	}
	return errors.Join(errs...)
}

// standIn is a control plane of the marker's version, as far as the chain has to
// see one; beside it, its mesh has Istio's own settings.
func (b *Build) standIn() (*yaml.RNode, error) {
	stated := b.marker.GetAnnotations()
	version := stated[controlplane.VersionAnnotation]
	if version == "" {
		return nil, fmt.Errorf("%s: metadata.annotations: %s is missing, which states the Istio version of the tenant's control plane, as \"%s\"",
			object.IDOf(b.marker), controlplane.VersionAnnotation, istio.Release)
	}
	labels := map[string]any{istio.AppSelector: istio.AppSelected}
	plane, err := object.Node(object.New("apps/v1", "Deployment", v1alpha1.BaseNamespace, istio.IstiodService, map[string]any{
		"spec": map[string]any{
			"selector": map[string]any{"matchLabels": labels},
			"template": map[string]any{
				"metadata": map[string]any{"labels": labels},
				"spec": map[string]any{"containers": []any{map[string]any{
					"name": "discovery", "args": []string{istio.DiscoveryArgument}, // without an image, which is another build's to judge
				}}},
			},
		},
	}))
	if err != nil {
		return nil, err
	}
	for _, key := range []string{controlplane.VersionAnnotation, v1alpha1.APIProxyImageAnnotation} {
		if value, found := stated[key]; found {
			if err := plane.PipeE(yaml.SetAnnotation(key, value)); err != nil {
				return nil, err
			}
		}
	}
	return plane, nil
}

// Whole are the objects for the chain: the applications, and what stands in for
// the control plane.
func (b *Build) Whole() []*yaml.RNode { return slices.Concat(b.own, b.plane) }

// Warn passes those warnings on that name one of the applications: the overlay with
// the control plane has the others. Of a tenant that shares a control plane, it passes all on
// but those about what stands in for that.
func (b *Build) Warn(warn func(string)) func(string) {
	if warn == nil {
		return nil
	}
	if b.shared() {
		standIn := object.IDOf(b.plane[0]).String()
		return func(warning string) {
			if !strings.HasPrefix(warning, standIn) {
				warn(warning)
			}
		}
	}
	names := map[string]bool{}
	for _, o := range b.own {
		names[o.GetKind()+" "+o.GetName()] = true
	}
	return func(warning string) {
		if kind, rest, found := strings.Cut(warning, " "); found {
			name, _, _ := strings.Cut(rest, ":")
			if names[kind+" "+name[strings.LastIndexByte(name, '/')+1:]] {
				warn(warning)
			}
		}
	}
}

// Only are the applications among what the chain has made of Whole, with the
// NetworkPolicies that let clients in to their gateways. Each says by a label that it is of
// such a build: the admission policies of a tenant's objects let the tenant delete it.
// A tenant that shares a control plane has all of it.
func (b *Build) Only(made []*yaml.RNode) ([]*yaml.RNode, error) {
	if b.shared() {
		return made, nil
	}
	only := object.Remove(made, func(o *yaml.RNode) bool {
		return !slices.Contains(b.own, o) &&
			!(o.GetKind() == "NetworkPolicy" && strings.HasPrefix(o.GetName(), istio.IngressPolicyPrefix))
	})
	for _, o := range only {
		if err := object.Label(o, v1alpha1.PartLabel, string(v1alpha1.PartApplications)); err != nil {
			return nil, fmt.Errorf("%s: %w", object.IDOf(o), err)
		}
	}
	return only, nil
}
