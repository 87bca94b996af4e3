package collision

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// Root is a certificate or a CA with which a tenant's mesh verifies its members'
// certificates.
type Root struct {
	What   string // "root certificate "CN=sales" (public key 5f1a...)"
	Tenant string
	Field  string // where it is: "ConfigMap istio-system1/istio: data.mesh: caCertificates[0]"
}

// whyOneRoot ends what is said of two tenants with one root.
const whyOneRoot = ", since with it each of the two meshes accepts the other's certificates"

// OfRoots is what roots in file claim.
func OfRoots(file string, roots []Root) []Claim {
	var claims []Claim
	for _, r := range roots {
		claims = append(claims, Claim{thing: thing{what: r.What}, tenant: r.Tenant, file: file, field: r.Field, owner: r.Tenant, why: whyOneRoot})
	}
	return claims
}

// MayHaveRoots says whether the text of objects may contain roots. It is fast, and
// RootsOf is not.
func MayHaveRoots(text []byte) bool {
	for _, mark := range [][]byte{[]byte(pemBegin), encodedBegin, []byte(istio.BundleURL), []byte(certManager)} {
		if bytes.Contains(text, mark) {
			return true
		}
	}
	return false
}

const (
	pemBegin    = "-----BEGIN CERT"
	certManager = "apiVersion: cert-manager.io/"
)

// encodedBegin is pemBegin, as data of Secrets begin.
var encodedBegin = []byte(base64.StdEncoding.EncodeToString([]byte(pemBegin)))

// RootsOf are the roots that objects of tenants contain or name: those in the files
// from which a control plane reads them, and an external CA that signs for it.
// Objects that only the cluster has, such as a Secret that was created by hand, are
// not known here.
func RootsOf(objects []*yaml.RNode) []Root {
	var roots []Root
	for _, o := range objects {
		tenant, id := o.GetLabels()[v1alpha1.TenantLabel], object.IDOf(o)
		if tenant == "" {
			continue
		}
		for _, found := range rootsOf(id, o) {
			roots = append(roots, Root{found[0], tenant, id.String() + ": " + found[1]})
		}
	}
	return roots
}

// rootsOf returns pairs of what is found, and its field.
func rootsOf(id object.ID, o *yaml.RNode) (found [][2]string) {
	add := func(field, text string) {
		for _, what := range certificates([]byte(text)) {
			found = append(found, [2]string{what, field})
		}
	}
	for _, r := range istio.Roots {
		if id.Group != "" || id.Kind != r.Kind || id.Name != r.Name {
			continue
		}
		for _, key := range r.Keys {
			text := object.String(o, "data", key)
			if decoded, err := base64.StdEncoding.DecodeString(text); err == nil && id.Kind == "Secret" {
				text = string(decoded)
			}
			add("data."+key, text)
			add("stringData."+key, object.String(o, "stringData", key))
		}
	}
	for i, ca := range object.List(meshOf(id, o), istio.MeshRoots) {
		field := fmt.Sprintf("data.%s: %s[%d]", istio.MeshKey, istio.MeshRoots, i)
		add(field+".pem", object.String(ca, "pem"))
		if url := object.String(ca, istio.BundleURL); url != "" {
			found = append(found, [2]string{"root certificates of " + url, field + "." + istio.BundleURL})
		}
	}
	if id.Group == "cert-manager.io" && id.Kind == "Issuer" {
		if server, path := object.String(o, "spec", "vault", "server"), object.String(o, "spec", "vault", "path"); server != "" {
			found = append(found, [2]string{"CA " + path + " of " + server, "spec.vault.path"})
		}
	}
	return found
}

// certificates are what a PEM file has. A CA that is renewed keeps its key, and is the
// same.
func certificates(text []byte) (found []string) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return found
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			found = append(found, fmt.Sprintf("root certificate %q (public key %.8x)", c.Subject, sha256.Sum256(c.RawSubjectPublicKeyInfo)))
		}
	}
}

// trustDomain is what a tenant's mesh says of itself.
func trustDomain(file string, id object.ID, o *yaml.RNode) []Claim {
	tenant, domain := o.GetLabels()[v1alpha1.TenantLabel], object.String(meshOf(id, o), "trustDomain")
	if tenant == "" || domain == "" {
		return nil
	}
	return []Claim{{thing: thing{what: "trust domain " + domain}, tenant: tenant, file: file, field: id.String() + ": data." + istio.MeshKey, owner: tenant}}
}

// meshOf is a mesh's configuration, if the object is a ConfigMap that holds one.
func meshOf(id object.ID, o *yaml.RNode) *yaml.RNode {
	if id.Group != "" || id.Kind != "ConfigMap" {
		return nil
	}
	mesh, err := strictyaml.Parse(object.String(o, "data", istio.MeshKey))
	if err != nil {
		return nil // text that only looks like a mesh
	}
	return mesh
}
