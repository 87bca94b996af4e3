// Package controlplane finds the control plane among a base's objects, and
// says which Istio it is.
//
// Every Istio so far runs it as a Deployment with a container whose first
// argument is "discovery":
//
//	kind: Deployment
//	metadata:
//	  name: istiod                             # istio-pilot up to 1.4
//	spec:
//	  template:
//	    spec:
//	      containers:
//	      - name: discovery
//	        image: docker.io/istio/pilot:1.31.0    # the version
//	        args: [discovery, ...]
package controlplane

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/imageref"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// VersionAnnotation states the Istio version on the control plane's Deployment
// where its image tag does not: "1.31.0", or "1.31".
const VersionAnnotation = v1alpha1.Group + "/istio-version"

// ControlPlane is the Deployment that runs Pilot or istiod.
type ControlPlane struct {
	Deployment *yaml.RNode
	// Container is the one that runs "discovery".
	Container *yaml.RNode
	Version   *semver.Version
}

// ErrNone says that there is no control plane among the objects.
var ErrNone = fmt.Errorf("no control plane: no Deployment has a container whose first argument is %q", istio.DiscoveryArgument)

// Find returns the control plane among objects. It is an error if there is none, if
// there are several, or if the version is not known.
func Find(objects []*yaml.RNode) (ControlPlane, error) {
	var found []ControlPlane
	for _, d := range object.Of("Deployment", objects) {
		if c := container(d); c != nil {
			found = append(found, ControlPlane{Deployment: d, Container: c})
		}
	}
	switch len(found) {
	case 0:
		return ControlPlane{}, ErrNone
	case 1:
		version, err := found[0].version()
		found[0].Version = version
		return found[0], err
	}
	var names []string
	for _, p := range found {
		names = append(names, object.IDOf(p.Deployment).String())
	}
	return ControlPlane{}, fmt.Errorf("%d control planes: %s; a tenant has one", len(found), strings.Join(names, ", "))
}

// container returns the container of d that runs discovery, or nil.
func container(d *yaml.RNode) *yaml.RNode {
	containers := object.Containers(d)
	i := slices.IndexFunc(containers, func(c *yaml.RNode) bool {
		args := object.Strings(c, "args")
		return len(args) > 0 && args[0] == istio.DiscoveryArgument
	})
	if i < 0 {
		return nil
	}
	return containers[i]
}

// release matches the version at the start of a tag: "1.31.0", "v1.31",
// "1.31.0-rc.0-distroless".
var release = regexp.MustCompile(`^v?(\d+\.\d+(?:\.\d+)?)(?:$|[-.])`)

// version is the annotation's, or else the image tag's.
func (p ControlPlane) version() (*semver.Version, error) {
	stated := p.Deployment.GetAnnotations()[VersionAnnotation]
	image := object.String(p.Container, "image")
	if stated == "" {
		stated = tag(image)
	}
	m := release.FindStringSubmatch(stated)
	if m == nil {
		return nil, fmt.Errorf("%s: cannot tell the Istio version from image %q; state it in metadata.annotations of this Deployment: %s: \"1.31.0\"",
			object.IDOf(p.Deployment), image, VersionAnnotation)
	}
	return semver.NewVersion(m[1])
}

// tag is that of an image; "" where it has none.
func tag(image string) string {
	path, _, _ := strings.Cut(image, "@")
	_, tag, _ := strings.Cut(path[strings.LastIndexByte(path, '/')+1:], ":")
	return tag
}

// APIProxyImage is the image of the API proxy that the base states; "" is none.
func (p ControlPlane) APIProxyImage() (string, error) {
	if p.Deployment == nil {
		return "", nil
	}
	image, stated := p.Deployment.GetAnnotations()[v1alpha1.APIProxyImageAnnotation]
	if !stated {
		return "", nil
	}
	if err := imageref.Check(image); err != nil {
		return "", fmt.Errorf("%s: metadata.annotations[%s]: %w", object.IDOf(p.Deployment), v1alpha1.APIProxyImageAnnotation, err)
	}
	if own := object.String(p.Container, "image"); imageref.Name(image) == imageref.Name(own) {
		return "", fmt.Errorf("%s: metadata.annotations[%s]: found %q, which has the name of the control plane's own image %q: must be an image of "+
			"istio-tenancy, of a release or as make image makes it; it is stated by the annotation, by spec.apiProxy.image of the IstioRelease, or by istio-tenancy split --api-proxy-image",
			object.IDOf(p.Deployment), v1alpha1.APIProxyImageAnnotation, image, own)
	}
	return image, nil
}

// PodLabels are the labels that select the control plane's pods. Deployments of
// extensions/v1beta1, in a base that was not split, may leave their selector to
// the template.
func (p ControlPlane) PodLabels() map[string]string {
	if labels := object.StringMap(p.Deployment, "spec", "selector", "matchLabels"); len(labels) > 0 {
		return labels
	}
	return object.StringMap(p.Deployment, "spec", "template", "metadata", "labels")
}
