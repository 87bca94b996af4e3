package controlplane

import (
	"fmt"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/imageref"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// APIProxyLooksRight warns of an image of the API proxy that is well formed, but
// cannot be one: it is from a registry that only documentation uses, or has the name
// of a program of Istio. warn may be nil.
func (p ControlPlane) APIProxyLooksRight(warn func(string)) {
	if warn == nil || p.Deployment == nil {
		return
	}
	image := p.Deployment.GetAnnotations()[v1alpha1.APIProxyImageAnnotation]
	const must = "must be an image of istio-tenancy, of a release or as make image makes it"
	say := func(what string) {
		warn(fmt.Sprintf("%s: metadata.annotations[%s]: found %q, %s: %s", object.IDOf(p.Deployment), v1alpha1.APIProxyImageAnnotation, image, what, must))
	}
	if registry := imageref.Placeholder(image); registry != "" {
		say(fmt.Sprintf("and %s is a name for examples, where no registry is", registry))
	}
	for _, c := range istio.Of(p.Version) {
		if slices.Contains(c.Images, imageref.Name(image)) {
			say("which is called as Istio calls " + c.Name)
		}
	}
}

// LooksRight warns of a control plane whose image is not called as one. The
// argument "discovery" alone tells a control plane, so that an entry of images in
// a kustomization may put any other program in its place. warn may be nil.
//
// The name may have more in it, as mirrors and builds add to it: "pilot-distroless",
// "mirrored-istio-pilot". The registry and the path before it may be anybody's.
func (p ControlPlane) LooksRight(warn func(string)) {
	image := object.String(p.Container, "image")
	var names []string
	for _, c := range istio.Of(p.Version) {
		if c.Discovery {
			names = append(names, c.Images...)
		}
	}
	called := imageref.Name(image) + ":" + tag(image) // a registry of one repository has the name in the tag
	if warn == nil || slices.ContainsFunc(names, func(name string) bool { return strings.Contains(called, name) }) {
		return
	}
	warn(fmt.Sprintf("%s: container %s: found image %q, whose name is not %s: the argument %q makes it the control plane, and "+
		"the image gets the control plane's rights: must be Istio's image, under its own name",
		object.IDOf(p.Deployment), object.String(p.Container, "name"), image, strings.Join(names, " or "), istio.DiscoveryArgument))
}
