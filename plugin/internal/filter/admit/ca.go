package admit

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// keyOfCA refuses a Secret or ConfigMap with the key of the tenant's CA: a build is
// printed, and mostly kept, where more people read than may be whoever they like in the
// mesh. Without a namespace it would be among the applications, whose administrators
// read it.
func (f Filter) keyOfCA(id object.ID, o *yaml.RNode) error {
	holds := func(key string) bool {
		return slices.ContainsFunc([]string{"data", "stringData", "binaryData"}, func(field string) bool {
			_, found := object.StringMap(o, field)[key]
			return found
		})
	}
	called := func(is func(secret, name string) bool) bool {
		return slices.ContainsFunc(istio.CASecrets, func(name string) bool { return is(id.Name, name) })
	}
	if slices.Contains(f.controlPlaneNamespaces(), id.Namespace) {
		if !holds(istio.CAKey) && (id.Kind != "Secret" || !called(isCalled)) {
			return nil
		}
	} else if !called(isGenerated) || !holds(istio.CAKey) && !holds(istio.IssuerKey) {
		return nil
	}
	return fmt.Errorf("metadata.name: found %q, a %s for the key of the control plane's CA: whoever reads the output could then sign every identity of the mesh: "+
		"remove it, and have the cluster administrator make it by kubectl, or cert-manager by a Certificate; docs/certificates.md shows both", id.Name, id.Kind)
}

// signing are the Secrets beside the control plane that Issuers among objects sign with.
func (f Filter) signing(objects []*yaml.RNode) []string {
	var secrets []string
	for _, o := range object.Of("Issuer", objects) {
		if name := object.String(o, istio.IssuerSecret...); name != "" && slices.Contains(f.controlPlaneNamespaces(), o.GetNamespace()) {
			secrets = append(secrets, name)
		}
	}
	return secrets
}

// keyOfIssuer refuses a Secret with the key of such an Issuer, as keyOfCA does.
func (f Filter) keyOfIssuer(id object.ID, o *yaml.RNode, signing []string) error {
	if id.Group != "" || id.Kind != "Secret" || !slices.Contains(f.controlPlaneNamespaces(), id.Namespace) {
		return nil
	}
	for _, field := range []string{"data", "stringData"} {
		if _, found := object.StringMap(o, field)[istio.IssuerKey]; !found {
			continue
		}
		for _, name := range signing {
			if isCalled(id.Name, name) {
				return fmt.Errorf("%s.%s: found the key of an Issuer in the control plane's namespace, whose %s is %q: whoever reads the output could then "+
					"sign what this Issuer signs, such as the control plane's CA: remove the Secret, and have the cluster administrator make it by kubectl, or cert-manager by a "+
					"Certificate; docs/certificates.md shows both", field, istio.IssuerKey, strings.Join(istio.IssuerSecret, "."), name)
			}
		}
	}
	return nil
}

// isGenerated says whether a Secret has a name, or one with kustomize's hash of ten
// characters.
func isGenerated(secret, name string) bool {
	return secret == name || isCalled(secret, name) && len(secret) == len(name)+len("-1234567890")
}

// isCalled says whether a Secret has a name, or one that kustomize's secretGenerator
// has made of it.
func isCalled(secret, name string) bool {
	return secret == name || strings.HasPrefix(secret, name+"-")
}

// sharedCA refuses a certificate of a CA beside the control plane that an issuer of the
// whole cluster signs. Its root is that of others, too; and whoever may make a
// Certificate in any namespace gets a CA below the same root.
func (f Filter) sharedCA(id object.ID, o *yaml.RNode) error {
	kind, secret := object.String(o, "spec", "issuerRef", "kind"), object.String(o, "spec", "secretName")
	signs := object.IsTrue(o, "spec", "isCA") || slices.Contains(istio.CASecrets, secret)
	if !signs || !strings.HasSuffix(kind, "ClusterIssuer") || !slices.Contains(f.controlPlaneNamespaces(), id.Namespace) {
		return nil
	}
	return fmt.Errorf("spec.issuerRef.kind: found %q for a CA of the tenant: every namespace of the cluster may ask that issuer for a CA below the same root, and sign identities of "+
		"this mesh: write \"Issuer\", and list an Issuer in %s, as examples/certificates does", kind, id.Namespace)
}
