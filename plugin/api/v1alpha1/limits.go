package v1alpha1

import (
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// Allowed is what the tenant may use of the cluster. A list that is left out, nil,
// allows everything; an empty list allows nothing.
type Allowed struct {
	// Registries are the sources of images: a registry, or a registry with the first
	// parts of an image's name, such as "registry.example/sales" or "docker.io/istio".
	Registries []string `json:"registries,omitzero"`
	// StorageClasses are those of PersistentVolumeClaims.
	StorageClasses []string `json:"storageClasses,omitzero"`
	// PriorityClasses are those of Pods that name one.
	PriorityClasses []string `json:"priorityClasses,omitzero"`
	// IngressClasses are those of Ingresses, by field or annotation.
	IngressClasses []string `json:"ingressClasses,omitzero"`
	// RuntimeClasses are those of Pods that name one.
	RuntimeClasses []string `json:"runtimeClasses,omitzero"`
}

// Limit is an element of a LimitRange's spec.limits. Each map is resource name
// to Kubernetes quantity.
type Limit struct {
	// Type is Container, Pod or PersistentVolumeClaim.
	Type string `json:"type"`
	// Default and DefaultRequest are the limits and requests of a container that
	// states none.
	Default        map[string]string `json:"default,omitempty"`
	DefaultRequest map[string]string `json:"defaultRequest,omitempty"`
	Max            map[string]string `json:"max,omitempty"`
	Min            map[string]string `json:"min,omitempty"`
	// MaxLimitRequestRatio is the highest ratio of the limit to the request.
	MaxLimitRequestRatio map[string]string `json:"maxLimitRequestRatio,omitempty"`
}

// dockerHub is the registry of images that state none, and dockerIndex a name
// that container runtimes read as the same.
const (
	dockerHub   = "docker.io"
	dockerIndex = "index.docker.io"
)

func (p *problems) checkAllowed(a Allowed) {
	for field, values := range map[string][]string{
		"registries": a.Registries, "storageClasses": a.StorageClasses, "priorityClasses": a.PriorityClasses,
		"ingressClasses": a.IngressClasses, "runtimeClasses": a.RuntimeClasses,
	} {
		for i, value := range values {
			at := strictyaml.Element("spec.allowed."+field, i)
			if slices.Index(values, value) < i {
				p.add(at, "%q is listed twice: list it once", value)
			}
			if rest, found := strings.CutPrefix(value, dockerIndex); found && field == "registries" && (rest == "" || rest[0] == '/') {
				p.add(at, "%q is another name of %s: must be %q", value, dockerHub, dockerHub+rest)
			}
		}
	}
}

// checkLimitRange says what the API server would refuse.
func (p *problems) checkLimitRange(limits []Limit) {
	for i, limit := range limits {
		at := strictyaml.Element("spec.limitRange", i)
		if slices.IndexFunc(limits, func(other Limit) bool { return other.Type == limit.Type }) < i {
			p.add(at+".type", "%q is listed twice: list it once", limit.Type)
		}
		switch {
		case limit.Type == "Pod" && len(limit.Default) > 0:
			p.add(at+".default", "is for containers: leave it out of the type Pod")
		case limit.Type == "Pod" && len(limit.DefaultRequest) > 0:
			p.add(at+".defaultRequest", "is for containers: leave it out of the type Pod")
		case limit.Type == "PersistentVolumeClaim" && limit.Max["storage"] == "" && limit.Min["storage"] == "":
			p.add(at, "has neither max.storage nor min.storage: the type PersistentVolumeClaim must have one of them")
		}
	}
}
