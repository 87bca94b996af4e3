package collision_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/collision"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/catest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

func TestOfRoots(t *testing.T) {
	first, second := catest.Root(t, "first"), catest.Root(t, "second")
	labels := "labels: {istio-tenancy.dev/tenant: TENANT}"
	indent := func(by, text string) string {
		return by + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+by) + "\n"
	}
	mesh := func(entry string) string {
		return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-TENANT, " + labels + "}\ndata:\n  mesh: |\n    trustDomain: TENANT.mesh\n    caCertificates:\n    - " + entry
	}
	pem := func(root string) string { return mesh("pem: |\n" + indent("        ", root)) }
	published := func(root string) string {
		return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio-ca-root-cert, namespace: istio-TENANT, " + labels + "}\ndata:\n  root-cert.pem: |\n" + indent("    ", root)
	}
	plugged := func(key, root string) string {
		return "apiVersion: v1\nkind: Secret\nmetadata: {name: cacerts, namespace: istio-TENANT, " + labels + "}\ndata: {" + key + ": " + base64.StdEncoding.EncodeToString([]byte(root)) + "}\n"
	}
	vault := func(path string) string {
		return "apiVersion: cert-manager.io/v1\nkind: Issuer\nmetadata: {name: root, namespace: istio-TENANT, " + labels + "}\nspec: {vault: {server: https://vault.example, path: " + path + "}}\n"
	}
	for what, c := range map[string]struct{ a, b, want string }{
		"none in common":      {pem(first), pem(second), ""},
		"one that both trust": {pem(first), pem(first), `root certificate "CN=first" (public key `},
		"one among several":   {pem(second + first), published(first), `root certificate "CN=first" (public key `},
		"one of two Secrets":  {plugged("root-cert.pem", first), plugged("ca.crt", first), "tenant sales (a: Secret istio-sales/cacerts: data.root-cert.pem) and tenant hr (b: Secret istio-hr/cacerts: data.ca.crt)"},
		"a renewed one":       {pem(first), pem(catest.Renew(t, first)), `root certificate "CN=first" (public key `},
		"one bundle":          {mesh("spiffeBundleUrl: https://a.example"), mesh("spiffeBundleUrl: https://a.example"), "root certificates of https://a.example: "},
		"two bundles":         {mesh("spiffeBundleUrl: https://a.example"), mesh("spiffeBundleUrl: https://b.example"), ""},
		"one CA of Vault":     {vault("pki/sign/mesh"), vault("pki/sign/mesh"), "CA pki/sign/mesh of https://vault.example: "},
		"two CAs of Vault":    {vault("pki/sign/a"), vault("pki/sign/b"), ""},
		"what no control plane reads": {
			strings.Replace(published(first), "istio-ca-root-cert", "bundle", 1), strings.Replace(published(first), "istio-ca-root-cert", "bundle", 1), "",
		},
		"what is no certificate": {published("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"), published("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"), ""},
	} {
		t.Run(what, func(t *testing.T) {
			a, b := strings.ReplaceAll(c.a, "TENANT", "sales"), strings.ReplaceAll(c.b, "TENANT", "hr")
			claims := append(collision.OfObjects("a", objecttest.Parse(t, a)), collision.OfObjects("b", objecttest.Parse(t, b))...)
			if c.want == "" {
				require.NoError(t, collision.Check(claims))
				return
			}
			require.True(t, collision.MayHaveRoots([]byte(a)) && collision.MayHaveRoots([]byte(b)))
			err := collision.Check(claims)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, ": must have one, since with it each of the two meshes accepts the other's certificates")
			require.NotContains(t, err.Error(), "\n")
			require.NoError(t, collision.Check(append(collision.OfObjects("a", objecttest.Parse(t, a)), collision.OfObjects("b", objecttest.Parse(t, strings.ReplaceAll(a, "istio-sales", "istio-sales2")))...)),
				"one tenant in two files")
		})
	}
	require.False(t, collision.MayHaveRoots([]byte("kind: ConfigMap\n")))
}

func TestOneTrustDomain(t *testing.T) {
	const mesh = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-sales, labels: {istio-tenancy.dev/tenant: sales}}\ndata: {mesh: 'trustDomain: one.mesh'}\n"
	check(t, append(collision.OfObjects("a", objecttest.Parse(t, mesh)), collision.OfObjects("b", objecttest.Parse(t, strings.ReplaceAll(mesh, "sales", "hr")))...), []string{
		"trust domain one.mesh: has two owners, tenant sales (a: ConfigMap istio-sales/istio: data.mesh) and tenant hr (b: ConfigMap istio-hr/istio: data.mesh): must have one",
	})
}
