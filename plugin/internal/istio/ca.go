package istio

// PluggedCA is the Secret beside the control plane from whose files its CA is made,
// and OwnCA what it makes where there is none. Sources: security/pkg/pki/ca/ca.go of
// istio/istio, pilot/pkg/bootstrap/istio_ca.go.
const (
	PluggedCA = "cacerts"
	OwnCA     = "istio-ca-secret"
	// OwnCAType is the type of OwnCA.
	OwnCAType = "istio.io/ca-root"
)

// CASecrets hold the key of a control plane's CA.
var CASecrets = []string{PluggedCA, OwnCA}

// CAKey is where the plugged Secret has the key, in Istio's own form.
const CAKey = "ca-key.pem"

// RootConfigMap is what a control plane writes its root to, under RootKey, in each
// namespace of its mesh, where proxies read it.
// Source: pilot/pkg/bootstrap/namespacecontroller.go of istio/istio.
const (
	RootConfigMap = "istio-ca-root-cert"
	RootKey       = "root-cert.pem"
)

// RootWritten are the versions whose control planes write RootConfigMap.
var RootWritten = Range{Since: "1.5"}

// AccountSecrets are those that Citadel makes for each ServiceAccount, beside it and in the
// namespaces that it knows: their name is the prefix and the account's.
// Source: istio/istio at 0.7.1: security/pkg/pki/ca/controller/secret.go, and at 1.4.10:
// security/pkg/k8s/controller/workloadsecret.go.
var AccountSecrets = struct {
	Range        Range
	Prefix, Type string
}{citadel.Range, "istio.", "istio.io/key-and-cert"}

// IssuerSecret is where an Issuer of cert-manager's names the Secret whose key it signs
// with, and IssuerKey is where that Secret has the key. Source: CAIssuer of
// pkg/apis/certmanager/v1 of cert-manager/cert-manager.
var IssuerSecret = []string{"spec", "ca", "secretName"}

const IssuerKey = "tls.key"

// Roots are the fields of Secrets and ConfigMaps, by name, with the certificates that
// verify the members of a mesh.
var Roots = []struct {
	Kind, Name string
	Keys       []string
}{
	{"Secret", PluggedCA, []string{RootKey, "ca.crt"}},
	{"Secret", OwnCA, []string{RootKey, "ca-cert.pem"}},
	{"ConfigMap", RootConfigMap, []string{RootKey}},
}

// MeshRoots is the list of the mesh's configuration whose pem are further roots, and
// BundleURL is where an entry of it has further ones from.
const (
	MeshRoots = "caCertificates"
	BundleURL = "spiffeBundleUrl"
)
