package release_test

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"istio.io/istio/manifests"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/release"
)

func generate(t testing.TB, spec string) ([]*yaml.RNode, error) {
	t.Helper()
	r := v1alpha1.IstioRelease{Metadata: v1alpha1.Metadata{Name: "istio"}}
	require.NoError(t, sigsyaml.UnmarshalStrict([]byte(spec), &r.Spec))
	return release.Generator{Release: r}.Filter(nil)
}

func mustGenerate(t testing.TB, spec string) []*yaml.RNode {
	t.Helper()
	objects, err := generate(t, spec)
	require.NoError(t, err)
	return objects
}

// ids are "Kind namespace/name", or "Kind name" at cluster scope.
func ids(objects []*yaml.RNode) (list []string) {
	for _, o := range objects {
		id := o.GetName()
		if o.GetNamespace() != "" {
			id = o.GetNamespace() + "/" + id
		}
		list = append(list, o.GetKind()+" "+id)
	}
	return list
}

func text(t testing.TB, objects []*yaml.RNode) string {
	t.Helper()
	s, err := kio.StringAll(objects)
	require.NoError(t, err)
	return s
}

func TestParts(t *testing.T) {
	for part, want := range map[string]string{
		"common": `
CustomResourceDefinition trafficextensions.extensions.istio.io
CustomResourceDefinition wasmplugins.extensions.istio.io
CustomResourceDefinition destinationrules.networking.istio.io
CustomResourceDefinition envoyfilters.networking.istio.io
CustomResourceDefinition gateways.networking.istio.io
CustomResourceDefinition proxyconfigs.networking.istio.io
CustomResourceDefinition serviceentries.networking.istio.io
CustomResourceDefinition sidecars.networking.istio.io
CustomResourceDefinition virtualservices.networking.istio.io
CustomResourceDefinition workloadentries.networking.istio.io
CustomResourceDefinition workloadgroups.networking.istio.io
CustomResourceDefinition authorizationpolicies.security.istio.io
CustomResourceDefinition peerauthentications.security.istio.io
CustomResourceDefinition requestauthentications.security.istio.io
CustomResourceDefinition telemetries.telemetry.istio.io
`,
		"control-plane": `
HorizontalPodAutoscaler ISTIO_TENANT_NAMESPACE/istiod
ClusterRole istiod-clusterrole-ISTIO_TENANT_NAMESPACE
ClusterRole istiod-gateway-controller-ISTIO_TENANT_NAMESPACE
ClusterRoleBinding istiod-clusterrole-ISTIO_TENANT_NAMESPACE
ClusterRoleBinding istiod-gateway-controller-ISTIO_TENANT_NAMESPACE
ConfigMap ISTIO_TENANT_NAMESPACE/values
ConfigMap ISTIO_TENANT_NAMESPACE/istio
Deployment ISTIO_TENANT_NAMESPACE/istiod
ConfigMap ISTIO_TENANT_NAMESPACE/istio-sidecar-injector
MutatingWebhookConfiguration istio-sidecar-injector-ISTIO_TENANT_NAMESPACE
ClusterRole istio-reader-clusterrole-ISTIO_TENANT_NAMESPACE
ClusterRoleBinding istio-reader-clusterrole-ISTIO_TENANT_NAMESPACE
Role ISTIO_TENANT_NAMESPACE/istiod
RoleBinding ISTIO_TENANT_NAMESPACE/istiod
Service ISTIO_TENANT_NAMESPACE/istiod
ServiceAccount ISTIO_TENANT_NAMESPACE/istiod
ValidatingWebhookConfiguration istio-validator-ISTIO_TENANT_NAMESPACE
`,
		"gateway": `
Deployment ISTIO_TENANT_NAMESPACE/istio-ingressgateway
HorizontalPodAutoscaler ISTIO_TENANT_NAMESPACE/istio-ingressgateway
Role ISTIO_TENANT_NAMESPACE/istio-ingressgateway
RoleBinding ISTIO_TENANT_NAMESPACE/istio-ingressgateway
Service ISTIO_TENANT_NAMESPACE/istio-ingressgateway
ServiceAccount ISTIO_TENANT_NAMESPACE/istio-ingressgateway
`,
	} {
		t.Run(part, func(t *testing.T) {
			got := ids(mustGenerate(t, "part: "+part))
			require.Equal(t, strings.TrimSpace(want), strings.Join(got, "\n"))
		})
	}
}

func TestCommonIsClusterWide(t *testing.T) {
	for _, spec := range []string{"part: common", "{part: common, values: {profile: demo}}"} {
		for _, o := range mustGenerate(t, spec) {
			require.Equal(t, "CustomResourceDefinition", o.GetKind())
			require.Empty(t, o.GetNamespace())
		}
	}
}

func TestGatewayIsLabelled(t *testing.T) {
	for _, o := range mustGenerate(t, "part: gateway") {
		require.Equal(t, "gateway", o.GetLabels()[v1alpha1.PartLabel], o.GetName())
		require.Equal(t, "ingressgateway", o.GetLabels()["istio"], o.GetName())
		require.NotContains(t, o.MustString(), "istio.io/rev", "the revision is the tenant's")
	}
}

// A tenant has several gateways by their names, and each where it belongs.
func TestGatewaysOfTheirOwn(t *testing.T) {
	web := mustGenerate(t, "{part: gateway, namespace: market-edge, values: {name: web, service: {type: ClusterIP, ports: [{name: https, port: 443, targetPort: 8443}]}}}")
	egress := mustGenerate(t, "{part: gateway, values: {name: egress}}")
	require.Equal(t, len(web), len(egress))
	for i := range web {
		require.Equal(t, web[i].GetKind()+" market-edge/web", object.IDOf(web[i]).String())
		require.Equal(t, web[i].GetKind()+" ISTIO_TENANT_NAMESPACE/egress", object.IDOf(egress[i]).String())
		require.NotContains(t, web[i].MustString(), "ISTIO_TENANT_NAMESPACE")
		require.NotContains(t, web[i].MustString(), "istio: ingressgateway")
	}
	service := object.Of("Service", web)[0]
	require.Equal(t, map[string]string{"app": "web", "istio": "web"}, object.StringMap(service, "spec", "selector"))
	require.Equal(t, "ClusterIP", object.String(service, "spec", "type"))
	require.Len(t, object.List(service, "spec", "ports"), 1)
}

func TestImages(t *testing.T) {
	for _, c := range []struct{ name, spec, pilot, injector string }{
		{"defaults", "part: control-plane",
			"docker.io/istio/pilot:" + release.Version, `"hub": "docker.io/istio"`},
		{"hub", "{part: control-plane, hub: registry.example.com/istio}",
			"registry.example.com/istio/pilot:" + release.Version, `"hub": "registry.example.com/istio"`},
		{"tag", "{part: control-plane, tag: " + release.Version + "-distroless}",
			"docker.io/istio/pilot:" + release.Version + "-distroless", `"tag": "` + release.Version + `-distroless"`},
		{"variant", "{part: control-plane, values: {global: {variant: debug}}}",
			"docker.io/istio/pilot:" + release.Version + "-debug", `"variant": "debug"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := text(t, mustGenerate(t, c.spec))
			require.Contains(t, out, "image: \""+c.pilot+"\"\n")
			require.Contains(t, out, c.injector)
			require.NotContains(t, out, "testing:latest")
		})
	}
}

// TestTheImageOfTheAPIProxyIsStated on the Deployment, where a tenant looks for it.
func TestTheImageOfTheAPIProxyIsStated(t *testing.T) {
	stated := "    istio-tenancy.dev/api-proxy-image: 'registry.example/istio-tenancy:1.0'\n"
	require.Contains(t, text(t, mustGenerate(t, "{part: control-plane, apiProxy: {image: \"registry.example/istio-tenancy:1.0\"}}")), stated)
	require.NotContains(t, text(t, mustGenerate(t, "part: control-plane")), "api-proxy")
}

func TestValues(t *testing.T) {
	for _, c := range []struct{ name, spec, want string }{
		{"a value", "{part: control-plane, values: {traceSampling: 5}}", `value: "5"`},
		{"below pilot", "{part: control-plane, values: {pilot: {traceSampling: 5}}}", `value: "5"`},
		{"a value without a default", "{part: control-plane, values: {terminationMessagePolicy: File}}", "terminationMessagePolicy: File"},
		{"a profile", "{part: control-plane, values: {profile: preview}}", "ISTIO_META_DNS_CAPTURE"},
		{"mesh settings", "{part: control-plane, values: {meshConfig: {accessLogFile: /dev/stdout}}}", "accessLogFile: /dev/stdout"},
		{"a gateway's name", "{part: gateway, values: {name: partners}}", "istio: partners"},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Contains(t, text(t, mustGenerate(t, c.spec)), c.want)
		})
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ name, spec, want string }{
		{"no part", "{}", `spec.part: found ""; want common, control-plane, gateway, applications or shared`},
		{"bad part", "part: istiod", `spec.part: found "istiod"; want common, control-plane, gateway, applications or shared`},
		{"applications of no version", "{part: applications, tag: latest}",
			`spec.tag: found "latest"; for part applications it is the version of the tenant's control plane, such as "1.31.0"`},
		{"values of applications", "{part: applications, values: {a: b}}", `spec.values: found {"a":"b"}; part applications renders nothing of Istio; set it in the IstioRelease of part control-plane`},
		{"a hub of applications", "{part: applications, hub: registry.example/istio}", `spec.hub: found "registry.example/istio"; part applications renders nothing of Istio; set it in the IstioRelease of part control-plane`},
		{"no image of applications' API proxy", "{part: applications, apiProxy: {image: \"\"}}", "spec.apiProxy.image: is empty: must be an image, such as registry.example/istio-tenancy:1.0"},
		{"typo", "{part: control-plane, values: {autoscaleMinn: 2}}",
			"spec.values.autoscaleMinn: no value of the control-plane chart; did you mean \"autoscaleMin\"?"},
		{"letter case", "{part: control-plane, values: {meshconfig: {}}}",
			"spec.values.meshconfig: no value of the control-plane chart; did you mean \"meshConfig\"?"},
		{"nothing like it", "{part: gateway, values: {prometheus: {}}}",
			"spec.values.prometheus: no value of the gateway chart"},
		{"another chart's value", "{part: gateway, values: {meshConfig: {}}}",
			"spec.values.meshConfig: no value of the gateway chart"},
		{"the namespace of a control plane", "{part: control-plane, namespace: ns-1}",
			`spec.namespace: found "ns-1"; only part gateway has one, and for part control-plane an IstioTenant states it; leave it out`},
		{"the namespace of applications", "{part: applications, namespace: ns-1}",
			`spec.namespace: found "ns-1"; only part gateway has one, and for part applications an IstioTenant states it; leave it out`},
		{"a class of Gateways", "{part: control-plane, values: {env: {PILOT_GATEWAY_API_DEFAULT_GATEWAYCLASS_NAME: ours}}}",
			`spec.values.env.PILOT_GATEWAY_API_DEFAULT_GATEWAYCLASS_NAME: found "ours"; every tenant has a class of its own, called after it`},
		{"revision", "{part: control-plane, values: {revision: blue}}",
			"spec.values.revision: found \"blue\"; set spec.controlPlane.revision of the IstioTenant, or spec.revision of the IstioRelease for a tenant with several control planes"},
		{"a gateway's revision", "{part: gateway, values: {revision: blue}}",
			"spec.values.revision: found \"blue\"; set spec.controlPlane.revision of the IstioTenant, or spec.revision of the IstioRelease for a tenant with several control planes"},
		{"revision below pilot", "{part: control-plane, values: {pilot: {revision: blue}}}",
			"spec.values.pilot.revision: found \"blue\"; set spec.controlPlane.revision of the IstioTenant, or spec.revision of the IstioRelease for a tenant with several control planes"},
		{"namespace", "{part: control-plane, values: {global: {istioNamespace: mesh}}}",
			"spec.values.global.istioNamespace: found \"mesh\"; set spec.controlPlane.namespace of the IstioTenant"},
		{"hub", "{part: control-plane, values: {global: {hub: example.com}}}",
			"spec.values.global.hub: found \"example.com\"; set spec.hub of the IstioRelease"},
		{"trust domain", "{part: control-plane, values: {meshConfig: {trustDomain: x.mesh}}}",
			"spec.values.meshConfig.trustDomain: found \"x.mesh\"; set spec.controlPlane.trustDomain of the IstioTenant"},
		{"a mesh setting that there is not", "{part: control-plane, values: {meshConfig: {accesLogFile: /dev/stdout}}}",
			"spec.values.meshConfig.accesLogFile: no field of MeshConfig; did you mean \"accessLogFile\"?"},
		{"a mesh setting of another type", "{part: control-plane, values: {meshConfig: {enablePrometheusMerge: \"no\"}}}",
			"spec.values.meshConfig.enablePrometheusMerge: found \"no\"; must be true or false"},
		{"a mesh setting below pilot", "{part: control-plane, values: {pilot: {global: {meshConfig: {defaultConfig: {concurency: 2}}}}}}",
			"spec.values.pilot.global.meshConfig.defaultConfig.concurency: no field of ProxyConfig; did you mean \"concurrency\"?"},
		{"watched namespace", "{part: control-plane, values: {env: {ISTIO_WATCH_NAMESPACE: a}}}",
			"spec.values.env.ISTIO_WATCH_NAMESPACE: found \"a\"; set spec.discovery of the IstioTenant"},
		{"a variable that the chart sets", "{part: control-plane, values: {env: {REVISION: zzz, A: b, CA_TRUSTED_NODE_ACCOUNTS: a}}}",
			"spec.values.env.CA_TRUSTED_NODE_ACCOUNTS: found \"a\"; no tenant trusts accounts of the cluster's nodes\n" +
				"IstioRelease istio: spec.values.env.REVISION: found \"zzz\"; the chart sets this variable itself: set spec.controlPlane.revision of the IstioTenant"},
		{"such a variable below pilot", "{part: control-plane, values: {pilot: {env: {CLUSTER_ID: x, POD_NAMESPACE: foo}}}}",
			"spec.values.pilot.env.CLUSTER_ID: found \"x\"; the chart sets this variable itself: set spec.values.global.multiCluster.clusterName\n" +
				"IstioRelease istio: spec.values.pilot.env.POD_NAMESPACE: found \"foo\"; the chart sets this variable itself: remove it"},
		{"tags", "{part: control-plane, values: {revisionTags: [prod]}}",
			"spec.values.revisionTags: found [\"prod\"]; a tag's webhook matches every tenant's namespaces; use the revision, set spec.controlPlane.revision of the IstioTenant"},
		{"ambient", "{part: control-plane, values: {profile: ambient}}",
			"spec.values.profile: found \"ambient\"; ambient does not work with several control planes in a cluster"},
		{"ambient, globally", "{part: control-plane, values: {global: {profile: ambient}}}",
			"spec.values.global.profile: found \"ambient\"; ambient does not work with several control planes in a cluster"},
		{"default revision", "{part: common, values: {defaultRevision: default}}",
			"spec.values.defaultRevision: found \"default\"; a default revision would validate every tenant's configuration"},
		{"another version", "{part: control-plane, tag: 1.24.6}",
			"spec.tag: the control plane is Istio 1.24.6; the charts are for " + istio.Newest + "; for another version, split its own manifest (istio-tenancy split)"},
		{"a tag among the values", "{part: control-plane, values: {pilot: {tag: 1.24.6}}}",
			"spec.values.pilot.tag: found \"1.24.6\"; set spec.tag of the IstioRelease"},
		{"an image of another version", "{part: control-plane, values: {image: example.com/pilot:1.24.6}}",
			"spec.tag: the control plane is Istio 1.24.6; the charts are for " + istio.Newest + "; for another version, split its own manifest (istio-tenancy split)"},
		{"typo below", "{part: control-plane, values: {global: {prxy: {logLevel: debug}}}}",
			"spec.values.global.prxy: no value of the control-plane chart; did you mean \"proxy\"?"},
		{"typo further below", "{part: control-plane, values: {global: {proxy: {loglevel: debug}}}}",
			"spec.values.global.proxy.loglevel: no value of the control-plane chart; did you mean \"logLevel\"?"},
		{"nothing like it below", "{part: control-plane, values: {global: {bogus: 1}}}", "spec.values.global.bogus: no value of the control-plane chart"},
		{"nothing like it further below", "{part: control-plane, values: {global: {proxy: {bogus: 1}}}}", "spec.values.global.proxy.bogus: no value of the control-plane chart"},
		{"nothing like it in the injector", "{part: control-plane, values: {sidecarInjectorWebhook: {bogus: 1}}}", "spec.values.sidecarInjectorWebhook.bogus: no value of the control-plane chart"},
		{"nothing like it far below", "{part: control-plane, values: {telemetry: {v2: {stackdriver: {bogus: 1}}}}}", "spec.values.telemetry.v2.stackdriver.bogus: no value of the control-plane chart"},
		{"nothing like it below pilot", "{part: control-plane, values: {pilot: {bogus: 1}}}", "spec.values.pilot.bogus: no value of the control-plane chart"},
		{"nothing like it below a gateway's", "{part: gateway, values: {service: {bogus: 1}}}", "spec.values.service.bogus: no value of the gateway chart"},
		{"no label", "{part: control-plane, values: {podLabels: {a: {b: c}}}}", `spec.values.podLabels.a: found {"b":"c"}; must be a text`},
		{"no labels", "{part: control-plane, values: {podLabels: a}}", `spec.values.podLabels: found "a"; must be a mapping`},
		{"a label that the chart sets", "{part: control-plane, values: {podLabels: {app: a}}}",
			"spec.values.podLabels.app: the chart sets spec.template.metadata.labels.app of Deployment istiod itself"},
		{"typo below pilot", "{part: control-plane, values: {pilot: {autoscaleMinn: 2}}}",
			"spec.values.pilot.autoscaleMinn: no value of the control-plane chart; did you mean \"autoscaleMin\"?"},
		{"no number", "{part: control-plane, values: {autoscaleMin: two}}", "spec.values.autoscaleMin: found \"two\"; must be a number"},
		{"no number below pilot", "{part: control-plane, values: {pilot: {autoscaleMin: two}}}", "spec.values.pilot.autoscaleMin: found \"two\"; must be a number"},
		{"no boolean", `{part: control-plane, values: {autoscaleEnabled: "no"}}`, "spec.values.autoscaleEnabled: found \"no\"; must be true or false"},
		{"no text", "{part: control-plane, values: {global: {proxy: {logLevel: [debug]}}}}", "spec.values.global.proxy.logLevel: found [\"debug\"]; must be a text"},
		{"no list", "{part: control-plane, values: {tolerations: {key: a}}}", "spec.values.tolerations: found {\"key\":\"a\"}; must be a list"},
		{"no mapping", "{part: control-plane, values: {meshConfig: none}}", "spec.values.meshConfig: found \"none\"; must be a mapping"},
		{"images of no use", "{part: gateway, tag: 1.30.0}",
			`spec.tag: found "1.30.0"; the control plane injects a gateway's image; set it there`},
		{"no image of the API proxy", "{part: control-plane, apiProxy: {image: \"https://a/b\"}}",
			`spec.apiProxy.image: found "https://a/b": an image has no scheme: must begin with the registry, as in registry.example/istio-tenancy:1.0`},
		{"an empty image of the API proxy", "{part: control-plane, apiProxy: {image: \"\"}}",
			`spec.apiProxy.image: is empty: must be an image, such as registry.example/istio-tenancy:1.0`},
		{"an API proxy of a gateway", "{part: gateway, apiProxy: {image: a/b}}",
			`spec.apiProxy.image: found "a/b"; part gateway has no control plane; set it in the IstioRelease of part control-plane`},
		{"an API proxy of the cluster's part", "{part: common, apiProxy: {image: a/b}}",
			`spec.apiProxy.image: found "a/b"; part common has no control plane; set it in the IstioRelease of part control-plane`},
		{"wrong type, by schema", "{part: gateway, values: {kind: StatefulSet}}",
			"chart gateway of Istio " + release.Version + ": values don't meet the specifications of the schema(s) in the following chart(s): gateway: - at '/kind': value must be one of 'Deployment', 'DaemonSet'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			objects, err := generate(t, c.spec)
			require.EqualError(t, err, "IstioRelease istio: "+c.want)
			require.Nil(t, objects)
		})
	}
}

// What the charts do not list may be right all the same.
func TestFreeValues(t *testing.T) {
	for _, spec := range []string{
		"{part: control-plane, values: {meshConfig: {enablePrometheusMerge: false, defaultConfig: {proxyMetadata: {A: b}}}}}",
		"{part: control-plane, values: {env: {A: b}, nodeSelector: {a: b}, resources: {limits: {cpu: 1}}, tolerations: null}}",
		"{part: control-plane, values: {pdb: {maxUnavailable: 1}, global: {proxy: {holdApplicationUntilProxyStarts: true}}}}",
		"{part: control-plane, values: {global: {own: {a: b}}, sidecarInjectorWebhook: {templates: {own: 'metadata: {labels: {a: {{ .Values.global.own.a }}}}'}}}}",
		"{part: control-plane, values: {global: {defaultResources: {limits: {cpu: 1}}, proxy: {resources: {requests: {ephemeral-storage: 1Gi}}}}}}",
		`{part: control-plane, values: {autoscaleMin: "2", traceSampling: 5, rollingMaxSurge: 1, pdb: {minAvailable: 50%}}}`,
		"{part: control-plane, values: {global: {platform: openshift, autoscaleMin: 2}, pilot: {cni: {enabled: true}}}}",
		"{part: gateway, values: {labels: {app: a, istio.io/dataplane-modes: b}, service: {internalTrafficPolicy: Local}, replicaCount: 2}}",
		"{part: gateway, values: {autoscaling: {targetMemoryUtilizationPercentage: 70}, networkGatewayPorts: {tls2: {port: 1, targetPort: 1}}}}",
	} {
		mustGenerate(t, spec)
	}
}

// Istio's own profiles set what its charts know, and its templates read it.
func TestIstiosOwnValues(t *testing.T) {
	read := regexp.MustCompile(`\.Values((?:\.[A-Za-z0-9_]+)+)`)
	for _, c := range []struct{ part, dir string }{
		{"common", "charts/base"}, {"control-plane", "charts/istio-control/istio-discovery"}, {"gateway", "charts/gateway"},
	} {
		paths := map[string]bool{}
		var all []map[string]any
		require.NoError(t, fs.WalkDir(manifests.FS, c.dir, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			content, err := fs.ReadFile(manifests.FS, name)
			if strings.HasPrefix(path.Base(name), "profile-") {
				var values map[string]any
				require.NoError(t, sigsyaml.Unmarshal(content, &values), name)
				// A profile is for all charts at once: only this part's is looked at.
				others := []string{"cni", "ztunnel", "ambient", "resourceQuotas", "seLinuxOptions"}
				for _, key := range others {
					delete(values, key)
				}
				if c.part != "control-plane" {
					return nil // what is left is for the control plane
				}
				all = append(all, values)
			} else if !strings.Contains(name, "zzz_profile") {
				for _, m := range read.FindAllStringSubmatch(string(content), -1) {
					if !strings.HasPrefix(m[1], "._") { // the charts' own
						paths[strings.TrimPrefix(m[1], ".")] = true
					}
				}
			}
			return err
		}))
		require.Greater(t, len(paths), 5)
		for name := range paths {
			keys := strings.Split(name, ".")
			values := map[string]any{keys[len(keys)-1]: nil}
			for i := len(keys) - 2; i >= 0; i-- {
				values = map[string]any{keys[i]: values}
			}
			all = append(all, values)
		}
		for _, values := range all {
			spec, err := sigsyaml.Marshal(map[string]any{"part": c.part, "values": values})
			require.NoError(t, err)
			_, err = generate(t, string(spec))
			if err != nil && regexp.MustCompile("no value of|must be").MatchString(err.Error()) {
				t.Errorf("%s\n%v", spec, err)
			}
		}
	}
}

// An image's tag need not be a version.
func TestVersionIsStated(t *testing.T) {
	for spec, want := range map[string]string{
		"{part: control-plane}": "",
		"{part: control-plane, tag: " + istio.Newest + ".7-distroless}": "",
		"{part: control-plane, tag: latest}":                            release.Version,
		"{part: control-plane, values: {image: 'a/pilot@sha256:0'}}":    release.Version,
	} {
		for _, o := range mustGenerate(t, spec) {
			if o.GetKind() == "Deployment" {
				require.Equal(t, want, o.GetAnnotations()["istio-tenancy.dev/istio-version"], spec)
			}
		}
	}
}

func TestErrorsAllAtOnce(t *testing.T) {
	_, err := generate(t, "{part: control-plane, values: {revision: blue, global: {tag: x}, autoscaleMinn: 2}}")
	require.EqualError(t, err, strings.Join([]string{
		"IstioRelease istio: spec.values.revision: found \"blue\"; set spec.controlPlane.revision of the IstioTenant, or spec.revision of the IstioRelease for a tenant with several control planes",
		"IstioRelease istio: spec.values.global.tag: found \"x\"; set spec.tag of the IstioRelease",
		"IstioRelease istio: spec.values.autoscaleMinn: no value of the control-plane chart; did you mean \"autoscaleMin\"?",
	}, "\n"))
}

func TestErrorsOfTheChart(t *testing.T) {
	for _, c := range []struct{ name, spec, want string }{
		{"unknown profile", "{part: control-plane, values: {profile: tiny}}", "unknown profile tiny"},
		{"broken YAML", `{part: control-plane, values: {terminationMessagePolicy: "a: b: c"}}`, "chart file istiod/templates/deployment.yaml, as rendered"},
	} {
		t.Run(c.name, func(t *testing.T) {
			objects, err := generate(t, c.spec)
			require.ErrorContains(t, err, "IstioRelease istio: chart istio-discovery of Istio "+release.Version+": ")
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "\n")
			require.Nil(t, objects)
		})
	}
}

func TestNothingLeft(t *testing.T) {
	var crds []string
	for _, o := range mustGenerate(t, "part: common") {
		crds = append(crds, o.GetName())
	}
	_, err := generate(t, "{part: common, values: {base: {excludedCRDs: ["+strings.Join(crds, ",")+"]}}}")
	require.EqualError(t, err, "IstioRelease istio: spec.values: these values leave nothing to deploy")
}

func TestDeterministic(t *testing.T) {
	for _, part := range []string{"common", "control-plane", "gateway"} {
		want := text(t, mustGenerate(t, "part: "+part))
		for range 3 {
			require.Equal(t, want, text(t, mustGenerate(t, "part: "+part)), part)
		}
	}
}

func TestValuesAreNotChanged(t *testing.T) {
	values := map[string]any{"global": map[string]any{"logAsJson": true}, "env": map[string]any{"A": "b"}}
	_, err := release.Render(release.Options{Part: v1alpha1.PartControlPlane, Values: values})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"global": map[string]any{"logAsJson": true}, "env": map[string]any{"A": "b"}}, values)
}

func TestRenderForATenant(t *testing.T) {
	objects, err := release.Render(release.Options{
		Part:      v1alpha1.PartControlPlane,
		Namespace: "istio-system1",
		Revision:  "sales",
		Values:    map[string]any{"meshConfig": map[string]any{"trustDomain": "sales.mesh"}},
	})
	require.NoError(t, err)
	require.Contains(t, ids(objects), "Deployment istio-system1/istiod-sales")
	require.Contains(t, ids(objects), "MutatingWebhookConfiguration istio-sidecar-injector-sales-istio-system1")
	require.Contains(t, text(t, objects), "trustDomain: sales.mesh")
}

func BenchmarkGenerate(b *testing.B) {
	for _, part := range []string{"common", "control-plane", "gateway"} {
		b.Run(part, func(b *testing.B) {
			for b.Loop() {
				mustGenerate(b, "part: "+part)
			}
		})
	}
}

// TestEveryKindThatTheChartsDefineIsKnown: an object of another would be refused
// in an overlay. make kinds reads them.
func TestEveryKindThatTheChartsDefineIsKnown(t *testing.T) {
	definitions := object.Of("CustomResourceDefinition", mustGenerate(t, "part: common"))
	require.NotEmpty(t, definitions)
	for _, d := range definitions {
		kind := object.String(d, "spec", "names", "kind")
		o, err := object.Node(object.New(object.String(d, "spec", "group")+"/v1", kind, "", "a", nil))
		require.NoError(t, err)
		want := map[string]object.Scope{"Cluster": object.Cluster, "Namespaced": object.Namespaced}[object.String(d, "spec", "scope")]
		require.Equal(t, want, object.ScopeOf(o), "%s: make kinds", kind)
	}
}
