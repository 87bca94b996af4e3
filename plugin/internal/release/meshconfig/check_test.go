package meshconfig_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/release/meshconfig"
)

func TestCheck(t *testing.T) {
	for _, c := range []struct{ name, mesh, want string }{
		{"nothing", "{}", ""},
		{"what Istio documents", `
accessLogFile: /dev/stdout
accessLogEncoding: JSON
connectTimeout: 10s
dnsRefreshRate: 0.5s
enableTracing: true
trust_domain_aliases: [a, b]
ingressControllerMode: 3
outboundTrafficPolicy: {mode: REGISTRY_ONLY}
localityLbSetting: {distribute: [{from: a/*, to: {"a/*": 80, "b/*": 20}}]}
defaultConfig:
  concurrency: "2"
  proxyMetadata: {ISTIO_META_DNS_CAPTURE: "true"}
  tracing: {sampling: 1.5, zipkin: {address: "zipkin:9411"}}
  image: {imageType: distroless}
extensionProviders:
- name: otel
  opentelemetry: {service: otel.ns-1.svc.cluster.local, port: 4317}
- name: json
  envoyFileAccessLog: {path: /dev/stdout, logFormat: {labels: {a: "%B%", b: 1}}}
`, ""},
		{"null", "{accessLogFile: null, defaultConfig: null}", ""},

		{"misspelt", "{accesLogFile: /dev/stdout}", `m.accesLogFile: no field of MeshConfig; did you mean "accessLogFile"?`},
		{"unknown", "{zzz: 1}", "m.zzz: no field of MeshConfig"},
		{"nested", "{defaultConfig: {tracing: {zipkin: {adress: a}}}}", `m.defaultConfig.tracing.zipkin.adress: no field of Tracing.Zipkin; did you mean "address"?`},
		{"in a list", "{extensionProviders: [{name: a}, {name: b, promtheus: {}}]}",
			`m.extensionProviders[1].promtheus: no field of MeshConfig.ExtensionProvider; did you mean "prometheus"?`},
		{"a mapping", "{defaultConfig: fast}", `m.defaultConfig: found "fast"; must be a mapping`},
		{"a list", "{trustDomainAliases: a}", `m.trustDomainAliases: found "a"; must be a list`},
		{"a list's element", "{trustDomainAliases: [a, 1]}", `m.trustDomainAliases[1]: found 1; must be a text; put it in quotes`},
		{"a map", "{defaultConfig: {proxyMetadata: [a]}}", `m.defaultConfig.proxyMetadata: found ["a"]; must be a mapping`},
		{"a map's value", "{defaultConfig: {proxyMetadata: {A: true}}}", `m.defaultConfig.proxyMetadata["A"]: found true; must be a text; put it in quotes`},
		{"a boolean", `{enableTracing: "true"}`, `m.enableTracing: found "true"; must be true or false`},
		{"a number", "{defaultConfig: {concurrency: two}}", `m.defaultConfig.concurrency: found "two"; must be a number`},
		{"a duration", "{connectTimeout: 10}", `m.connectTimeout: found 10; must be seconds with their unit, such as "10s" or "0.5s"`},
		{"another duration", "{connectTimeout: 1m}", `m.connectTimeout: found "1m"; must be seconds with their unit, such as "10s" or "0.5s"`},
		{"an enum", "{accessLogEncoding: json}", `m.accessLogEncoding: found "json"; must be TEXT or JSON; did you mean "JSON"?`},
		{"one of", "{extensionProviders: [{name: a, prometheus: {}, stackdriver: {}}]}",
			"m.extensionProviders[0].stackdriver: found together with prometheus; must be one of them"},
		{"all", "{a1: 1, accessLogFile: 1, enableTracing: 1}", "m.a1: no field of MeshConfig\n" +
			"m.accessLogFile: found 1; must be a text; put it in quotes\nm.enableTracing: found 1; must be true or false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var mesh map[string]any
			require.NoError(t, yaml.Unmarshal([]byte(c.mesh), &mesh))
			err := errors.Join(meshconfig.Check("m", mesh)...)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, strings.TrimSpace(c.want))
		})
	}
}
