package istio

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// ownAddress has a field of an addon's configuration name a Service of the
// tenant's. Where nothing is said, it becomes fallback, unless that is empty. A
// Service of [UpstreamNamespace], where upstream's addons are, becomes one of the
// addon's own namespace. What names another namespace stays, and is noted: it may
// be meant.
func ownAddress(config *yaml.RNode, fallback string, v Values, path ...string) (notes []string, err error) {
	found := object.String(config, path...)
	if found == "" {
		if fallback == "" {
			return nil, nil
		}
		return nil, object.Set(config, fallback, path...)
	}
	service, namespace := serviceOf(found)
	switch {
	case namespace == "" || slices.Contains(v.Namespaces(), namespace):
		return nil, nil
	case namespace == UpstreamNamespace:
		return nil, object.Set(config, strings.Replace(found, hostOf(found), service, 1), path...)
	}
	return []string{fmt.Sprintf("%s: found %q, a Service of namespace %q, which is not the tenant's: it is used all the same, and may show information about other tenants; "+
		"write one of %s, or nothing", strings.Join(path, "."), found, namespace, strings.Join(v.Namespaces(), ", "))}, nil
}

// serviceOf is the Service that a URL names, and its namespace; "" where the URL
// names none, or something outside of the cluster.
func serviceOf(address string) (service, namespace string) {
	labels := strings.Split(hostOf(address), ".")
	if len(labels) == 2 || len(labels) > 2 && labels[2] == "svc" {
		return labels[0], labels[1]
	}
	return labels[0], ""
}

// hostOf is the host of a URL, or of a host with a port.
func hostOf(address string) string {
	if _, rest, found := strings.Cut(address, "://"); found {
		address = rest
	}
	address, _, _ = strings.Cut(address, "/")
	address = address[strings.LastIndexByte(address, '@')+1:]
	host, _, _ := strings.Cut(address, ":")
	return host
}
