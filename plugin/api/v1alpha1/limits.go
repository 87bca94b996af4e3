package v1alpha1

import (
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// Allowed is what of the cluster a tenant may take. A list that is left out, nil,
// allows whatever there is; an empty one allows nothing.
type Allowed struct {
	// Registries are where images come from: a registry, or the beginning of its
	// images' names that ends where a part of the name ends, such as
	// "registry.example/sales" or "docker.io/istio".
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
	// Default and DefaultRequest are what a container gets that states no limit,
	// or no request.
	Default        map[string]string `json:"default,omitempty"`
	DefaultRequest map[string]string `json:"defaultRequest,omitempty"`
	Max            map[string]string `json:"max,omitempty"`
	Min            map[string]string `json:"min,omitempty"`
	// MaxLimitRequestRatio is how many times its request a limit may be.
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
			p.add(at, "says neither max.storage nor min.storage: the type PersistentVolumeClaim must have one of them")
		}
	}
}
