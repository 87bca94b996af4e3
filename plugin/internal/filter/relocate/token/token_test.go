package token_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/relocate/token"
)

func TestReplace(t *testing.T) {
	for in, want := range map[string]string{
		// Whole.
		`istio-system`:                                `tenant`,
		`istiod.istio-system.svc:15012`:               `istiod.tenant.svc:15012`,
		`istio-policy.istio-system.svc.cluster.local`: `istio-policy.tenant.svc.cluster.local`,
		`zipkin.istio-system:9411`:                    `zipkin.tenant:9411`,
		`httpbin.istio-system.global`:                 `httpbin.tenant.global`,
		`10-0-0-1.istio-system.pod`:                   `10-0-0-1.tenant.pod`,
		`metric.istio-system`:                         `metric.tenant`,
		`in istio-system.`:                            `in tenant.`,
		`istio-system, istio-system`:                  `tenant, tenant`,
		`istio-system istio-system`:                   `tenant tenant`,
		`k8s://?ns=istio-system&x=y`:                  `k8s://?ns=tenant&x=y`,
		`/apis/v1/namespaces/istio-system/pods`:       `/apis/v1/namespaces/tenant/pods`,
		`spiffe://td/ns/istio-system/sa/x`:            `spiffe://td/ns/tenant/sa/x`,
		`*/*.istio-system.svc`:                        `*/*.tenant.svc`,
		`{namespace=~"kube-system|istio-system"}`:     `{namespace=~"kube-system|tenant"}`,
		`regex: .*\.istio-system\.svc`:                `regex: .*\.tenant\.svc`,
		`"ns": "istio-system"`:                        `"ns": "tenant"`,
		"kubectl -n istio-system get\n":               "kubectl -n tenant get\n",
		`-nistio-system=istio-system`:                 `-nistio-system=tenant`,
		`{"text":"a\nistio-system\nb"}`:               `{"text":"a\ntenant\nb"}`,
		`{"text":"a\u0026istio-system"}`:              `{"text":"a\u0026tenant"}`,
		`var-namespace%3Distio-system%26x`:            `var-namespace%3Dtenant%26x`,
		`système istio-système istio-system`:          `système istio-système tenant`,
		// Part of something else.
		`istio-system2`:             ``,
		`istio-systems`:             ``,
		`my-istio-system`:           ``,
		`my_istio-system`:           ``,
		`istio-system-2`:            ``,
		`istio-system_2`:            ``,
		`istio-system.example.com`:  ``,
		`istio-system.svcs`:         ``,
		`a.istio-system.svc2.local`: ``,
		`ISTIO-SYSTEM`:              ``,
		`\\nistio-system`:           ``,
		`\istio-system`:             ``,
		`%istio-system`:             ``,
		`aXN0aW8tc3lzdGVt`:          ``, // its Base64
		`x2istio-systemQ==`:         ``,
		``:                          ``,
	} {
		if want == "" {
			want = in
		}
		require.Equal(t, want, token.Replace(in, "istio-system", "tenant"), in)
		require.Equal(t, want != in, token.Contains(in, "istio-system"), in)
	}
	require.Equal(t, "a ", token.Replace("a ", "", "x"))
	require.Equal(t, "istiod.sales:1 ISTIO_TENANT_NAMESPACE_2",
		token.Replace("istiod.ISTIO_TENANT_NAMESPACE:1 ISTIO_TENANT_NAMESPACE_2", "ISTIO_TENANT_NAMESPACE", "sales"))
}

// FuzzReplace holds what must be true of any text: nothing whole remains, a
// second time changes nothing, back gives the original, and what is not a name
// byte is neither added nor lost.
func FuzzReplace(f *testing.F) {
	for _, seed := range []string{
		"istio-system", "a.istio-system.svc", "istio-system.istio-system", "istio-system-istio-system",
		"my-istio-system istio-system2", "istio-systemistio-system", `\nistio-system`, "%2Fistio-system", "istio-system.",
		"x: istio-system\ny: [istio-system]\n", "istio-system.svcistio-system", "\xffistio-system\xff", `\u0026istio-system`, `\istio-system`, "%istio-system",
	} {
		f.Add(seed, "istio-system", "istio-system1")
		f.Add(seed, "istio-system", "my-istio-system")
		f.Add(seed, "istio-system", "n")
	}
	f.Add("%0", "0", "000")
	f.Add(`\x`, "x", "nx")
	f.Fuzz(func(t *testing.T, s, from, to string) {
		if !isLabel(from) || !isLabel(to) || from == to {
			t.Skip()
		}
		out := token.Replace(s, from, to)
		require.False(t, token.Contains(out, from))
		require.Equal(t, out, token.Replace(out, from, to))
		if !strings.Contains(s, to) {
			require.Equal(t, s, token.Replace(out, to, from))
		}
		require.Equal(t, punctuation(s), punctuation(out))
	})
}

// isLabel says whether s may name a namespace.
func isLabel(s string) bool {
	return s != "" && len(s) <= 63 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" &&
		!strings.HasPrefix(s, "-") && !strings.HasSuffix(s, "-")
}

// punctuation is s without the characters of names.
func punctuation(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_' {
			return -1
		}
		return r
	}, s)
}
