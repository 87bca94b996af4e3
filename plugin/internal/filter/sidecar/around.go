package sidecar

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// checkCertificates refuses objects in the place of the API server's certificate:
// the controller manager would write over them, or the proxy would trust them.
func checkCertificates(objects []*yaml.RNode) error {
	var errs []error
	for _, o := range object.Of("ConfigMap", objects) {
		if o.GetName() == caConfigMap {
			errs = append(errs, fmt.Errorf("%s: metadata.name: found %q, which the controller manager of Kubernetes writes into each namespace, and with which "+
				"the API proxy verifies the API server: remove it", object.IDOf(o), caConfigMap))
		}
	}
	return errors.Join(errs...)
}

// checkAround looks at what else a Pod says: a control plane without a token, by
// which alone it asks, is an error, and what weakens the proxy is a warning.
func (f Filter) checkAround(p reader, spec *yaml.RNode, path string, objects []*yaml.RNode) error {
	const field = "automountServiceAccountToken"
	const tokenless = "with which the control plane has no token for its requests to the API proxy: remove it"
	if isFalse(spec, field) {
		return fmt.Errorf("%s.%s: found false, %s", path, field, tokenless)
	}
	account, _ := object.PodAccount(spec)
	for _, o := range object.Of("ServiceAccount", objects) {
		if o.GetName() == account && o.GetNamespace() == p.workload.GetNamespace() && isFalse(o, field) && !object.IsTrue(spec, field) {
			return fmt.Errorf("%s.%s: %s: %s: found false, %s", path, "serviceAccountName", object.IDOf(o), field, tokenless)
		}
	}
	id := object.IDOf(p.workload)
	runs, where := object.String(p.container, "securityContext", "runAsUser"), "containers: "+object.String(p.container, "name")+": "
	if runs == "" {
		runs, where = object.String(spec, "securityContext", "runAsUser"), ""
	}
	if runs == strconv.Itoa(user) {
		f.Tenant.Warn("%s: %s.%ssecurityContext.runAsUser: found %s, which is the API proxy's user: the control plane could read the proxy's key; "+
			"take another one", id, path, where, runs)
	}
	if aliases := object.List(spec, "hostAliases"); len(aliases) > 0 {
		f.Tenant.Warn("%s: %s.hostAliases: found %s, by which the API proxy resolves names, too: none of them may be the API server's", id, path, inline(spec.Field("hostAliases").Value))
	}
	return nil
}

// unlink keeps the addresses of Services beside the Pod out of its variables: one
// called kubernetes would be the API server's to its programs. Kubernetes before
// 1.13 has no such field.
func (f Filter) unlink(p reader, spec *yaml.RNode, path string) error {
	const field = "enableServiceLinks"
	if !f.native() {
		return nil
	}
	if object.IsTrue(spec, field) {
		f.Tenant.Warn("%s: %s.%s: found true; false is used, so that no Service in the control plane's namespace is used as the API server", object.IDOf(p.workload), path, field)
	}
	return object.Set(spec, false, field)
}

// isFalse is [object.IsTrue] for the opposite, which is not the same as missing.
func isFalse(n *yaml.RNode, path ...string) bool {
	switch strings.ToLower(object.String(n, path...)) {
	case "false", "no", "off", "n":
		return true
	}
	return false
}
