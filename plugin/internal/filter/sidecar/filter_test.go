package sidecar_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/sidecar"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/tenancytest"
)

// step is for Istio 1.31; warnings are what it is told.
func step(discovery v1alpha1.Discovery, warnings *[]string) tenancytest.Step {
	of := tenancytest.Sales("ns-1", "ns-2")
	of.Spec.Discovery = discovery
	return tenancytest.Step{
		Tenant: of, Version: "1.31.0", Warn: func(w string) { *warnings = append(*warnings, w) },
		New: func(t tenancy.Tenant) kio.Filter { return sidecar.Filter{Tenant: t} },
	}
}

// base is a Deployment with fields of its Pods, and of the control plane's container.
func base(pod, container string) string {
	return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod-sales, namespace: istio-system1, annotations: {istio-tenancy.dev/api-proxy-image: "a/istio-tenancy:1.0"}}
spec: {template: {spec: {` + pod + ` containers: [{name: other}, {name: discovery, image: "istio/pilot:1.31.0", ` + container + ` args: [discovery]}]}}}
`
}

const (
	mount  = `volumeMounts: [{name: istio-kubeconfig, mountPath: /var/run/secrets/remote, readOnly: true}],`
	volume = `volumes: [{name: istio-kubeconfig, secret: {secretName: istio-kubeconfig, optional: true}}],`
)

func TestOnlyWhereThePlanSaysSo(t *testing.T) {
	for _, discovery := range []v1alpha1.Discovery{"auto", "proxy", "selectors"} {
		var warnings []string
		got := objecttest.Run(t, step(discovery, &warnings), base(volume, mount))
		require.Equal(t, discovery != "selectors", strings.Contains(got, "name: api-proxy"), discovery)
		require.Equal(t, discovery == "selectors", strings.Contains(got, "optional: true"), discovery)
		require.Empty(t, warnings)
	}
}

// TestABaseThatHasNothingOfItGetsIt: the charts of old versions have neither the
// variable nor the volume.
func TestABaseThatHasNothingOfItGetsIt(t *testing.T) {
	var warnings []string
	bare := objecttest.Run(t, step("proxy", &warnings), base("", ""))
	require.Empty(t, warnings)
	for _, want := range []string{
		`{name: KUBECONFIG, value: "/var/run/secrets/remote/config"}`,
		"volumeMounts: [{mountPath: /var/run/secrets/remote, name: istio-kubeconfig, readOnly: true}]",
		"emptyDir: {medium: Memory}",
		"restartPolicy: Always",
		"enableServiceLinks: false",
	} {
		require.Contains(t, flow(bare), flow(want))
	}
	require.Equal(t, bare, objecttest.Run(t, step("proxy", &warnings), bare), "idempotent")
}

// flow is YAML without what block and flow style differ in.
func flow(text string) string {
	for _, drop := range []string{" ", "\n", "- ", "-", "{", "}", "[", "]", ",", `"`} {
		text = strings.ReplaceAll(text, drop, "")
	}
	return text
}

func TestWhatLeadsPastTheProxyIsRefused(t *testing.T) {
	const pod = "Deployment istio-system1/istiod-sales: spec.template.spec."
	for name, test := range map[string]struct{ pod, container, want string }{
		"a Secret of another cluster": {`volumes: [{name: istio-kubeconfig, secret: {secretName: mine, optional: true}}],`, mount,
			pod + `volumes[0]: found {"name":"istio-kubeconfig","secret":{"optional":true,"secretName":"mine"}}, which is neither what Istio's charts have nor the API ` +
				`proxy's: the proxy needs the volume "istio-kubeconfig", so that this one must go or have another name`},
		"a Secret that must be there": {`volumes: [{name: istio-kubeconfig, secret: {secretName: istio-kubeconfig}}],`, mount, pod + "volumes[0]: found"},
		"a volume of another type":    {`volumes: [{name: istio-kubeconfig, configMap: {name: a}}],`, mount, pod + "volumes[0]: found"},
		"another directory's volume":  {`volumes: [{name: api-proxy-ca, emptyDir: {}}],`, "", pod + `volumes[0]: found {"emptyDir":{},"name":"api-proxy-ca"}, which is neither`},
		"another volume there": {`volumes: [{name: a, configMap: {name: a}}],`, `volumeMounts: [{name: a, mountPath: /var/run/secrets/remote/}],`,
			pod + `containers: discovery: volumeMounts[0].name: found "a" at /var/run/secrets/remote, where the API proxy keeps its key and its kubeconfig in a volume ` +
				`of its own: must be "istio-kubeconfig", or remove it`},
		"a volume of the charts there": {`volumes: [{name: local-certs, emptyDir: {medium: Memory}}],`,
			`volumeMounts: [{name: local-certs, mountPath: /var/run/secrets/istio-dns}, {name: local-certs, mountPath: /var/run/secrets/remote}],`,
			pod + `containers: discovery: volumeMounts[1].name: found "local-certs" at /var/run/secrets/remote`},
		"a mount that can be written to": {volume, strings.Replace(mount, "true", "false", 1),
			pod + `containers: discovery: volumeMounts[0].readOnly: found false, by which the control plane could replace the API proxy's key and its kubeconfig: must be true`},
		"the volume once more": {volume, strings.Replace(mount, "}]", "}, {name: istio-kubeconfig, mountPath: /a}]", 1),
			pod + `containers: discovery: volumeMounts[1].name: found "istio-kubeconfig" again, the volume with the API proxy's key, which is mounted at ` +
				`/var/run/secrets/remote alone: remove it`},
		"the file itself": {volume, `volumeMounts: [{name: a, mountPath: /var/run/secrets/remote/config, subPath: config}],`,
			pod + "containers: discovery: volumeMounts[0].mountPath: found \"/var/run/secrets/remote/config\", which hides the kubeconfig of the API proxy in /var/run/secrets/remote: remove it"},
		"a part of a volume": {volume, `volumeMounts: [{name: istio-kubeconfig, mountPath: /var/run/secrets/remote, subPath: a}],`,
			pod + "containers: discovery: volumeMounts[0].mountPath: found a subPath at /var/run/secrets/remote, where the kubeconfig of the API proxy is at the top of the volume: remove it"},
		"a container of its name": {volume + `initContainers: [{name: api-proxy, image: a/b}],`, mount,
			pod + `initContainers[0].name: found "api-proxy", which is the name of the API proxy's container: rename it, or remove it; the image of the proxy is stated elsewhere`},
		"an init container that has its key": {volume + `initContainers: [{name: a, volumeMounts: [{name: istio-kubeconfig, mountPath: /a}]}],`, mount,
			pod + `initContainers[0]: mounts the volume "istio-kubeconfig", which is the API proxy's and the control plane's alone: remove the mount`},
	} {
		t.Run(name, func(t *testing.T) {
			got := objecttest.RunError(t, step("proxy", new([]string)), base(test.pod, test.container))
			require.Contains(t, got, test.want)
			objecttest.Run(t, step("selectors", new([]string)), base(test.pod, test.container))
		})
	}
}

// TestNoOtherMountReplacesWhatItReads, in whatever way its path is written, and
// wherever among the mounts it is.
func TestNoOtherMountReplacesWhatItReads(t *testing.T) {
	for at, hides := range map[string]string{
		"/var/run/secrets/remote":            "the kubeconfig of the API proxy in /var/run/secrets/remote",
		"/var/run/secrets/remote/":           "the kubeconfig of the API proxy",
		"/var/run/secrets/remote/config":     "the kubeconfig of the API proxy",
		"/var/run/secrets/remote/../remote/": "the kubeconfig of the API proxy",
		"/run/secrets/remote/config":         "the kubeconfig of the API proxy",
		"/run":                               "the kubeconfig of the API proxy",
		"/var/run/secrets":                   "the kubeconfig of the API proxy",
		"/var/run":                           "the kubeconfig of the API proxy",
		"/":                                  "the kubeconfig of the API proxy",
		"/var/run/secrets/kubernetes.io":     "the token of the control plane in /var/run/secrets/kubernetes.io/serviceaccount",
		"/run/secrets/kubernetes.io/serviceaccount/":           "the token of the control plane",
		"/var/run/secrets/kubernetes.io//serviceaccount/token": "the token of the control plane",
		"/var/run/secrets/tokens":                              "",
		"/var/run/secrets/remotes":                             "",
		"/run/other":                                           "",
	} {
		own, other := "{name: istio-kubeconfig, mountPath: /var/run/secrets/remote, readOnly: true}", "{name: a, mountPath: "+at+"}"
		for i, mounts := range []string{own + ", " + other, other + ", " + own} {
			text := base(`volumes: [{name: istio-kubeconfig, secret: {secretName: istio-kubeconfig, optional: true}}, {name: a, secret: {secretName: a}}],`,
				"volumeMounts: ["+mounts+"],")
			if hides == "" {
				objecttest.Run(t, step("proxy", new([]string)), text)
				continue
			}
			got := objecttest.RunError(t, step("proxy", new([]string)), text)
			if i == 0 {
				require.Contains(t, got, "containers: discovery: volumeMounts[1].mountPath: found \""+at+"\", which hides "+hides, at)
			}
		}
	}
}

func TestAVolumeIsThereOnce(t *testing.T) {
	for _, name := range []string{"istio-kubeconfig", "api-proxy-ca"} {
		v := `{name: istio-kubeconfig, secret: {secretName: istio-kubeconfig, optional: true}}`
		if name == "api-proxy-ca" {
			v = `{name: api-proxy-ca, configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}}`
		}
		got := objecttest.RunError(t, step("proxy", new([]string)), base("volumes: ["+v+", {name: b, emptyDir: {}}, "+v+"],", mount))
		require.Equal(t, `Deployment istio-system1/istiod-sales: spec.template.spec.volumes[2].name: found "`+name+
			`", which is the name of another volume already, so that the API server would refuse the Pod: remove one of them`, got)
	}
}

func TestAnArgumentThatGoesBeforeItIsRefused(t *testing.T) {
	for _, args := range []string{"--kubeconfig, /etc/other", "--kubeconfig=/etc/other"} {
		text := strings.Replace(base(volume, mount), "args: [discovery]", "args: [discovery, "+args+"]", 1)
		require.Equal(t, `Deployment istio-system1/istiod-sales: argument --kubeconfig: found "/etc/other", which takes precedence over the API proxy's `+
			`kubeconfig, so that the control plane would bypass the proxy: remove it`, objecttest.RunError(t, step("proxy", new([]string)), text))
	}
}

func TestACommandLineThatVariablesMakeIsRead(t *testing.T) {
	const env = `env: [{name: A, value: --kubeconfig}, {name: B, value: $(A)=/b}, {name: C, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, {name: D, value: warn}, {name: E, value: kubeconfig}],`
	past := func(value string) string {
		return `argument --kubeconfig: found "` + value + `", which takes precedence over the API proxy's kubeconfig, so that the control plane would bypass the proxy: remove it`
	}
	open := func(word string) string {
		return `argument "` + word + `": Kubernetes puts a variable's value there that is not written under env, and that may be --kubeconfig, by which the control plane ` +
			`would bypass the API proxy: write the value itself`
	}
	named := func(word string) string {
		return `command line: found "` + word + `", which names KUBECONFIG, by which the control plane finds the API proxy: remove it`
	}
	for words, want := range map[string]string{
		`args: [discovery, $(A), /a]`:                                    past("/a"),
		`args: [discovery, $(B)]`:                                        past("/b"),
		`args: [discovery, --$(E)=/a]`:                                   past("/a"),
		`command: [pilot-discovery, --kubeconfig=/a], args: [discovery]`: past("/a"),
		`args: [discovery, $(C)]`:                                        open("$(C)"),
		`args: [discovery, --$(C)=a]`:                                    open("--$(C)=a"),
		`args: [discovery, $(NONE)]`:                                     open("$(NONE)"),
		`command: [/usr/bin/env, -u, KUBECONFIG], args: [discovery]`:     named("KUBECONFIG"),
		`command: [sh, -c, unset KUBECONFIG; exec a], args: [discovery]`: named("unset KUBECONFIG; exec a"),
		`args: [discovery, --name=$(C), --log_output_level=$(D), $(D)]`:  "",
	} {
		text := strings.Replace(base(volume, mount+env), "args: [discovery]", words, 1)
		if want == "" {
			objecttest.Run(t, step("proxy", new([]string)), text)
			continue
		}
		require.Equal(t, "Deployment istio-system1/istiod-sales: "+want, objecttest.RunError(t, step("proxy", new([]string)), text))
		objecttest.Run(t, step("selectors", new([]string)), text)
	}
}

func TestAnotherKubeconfigIsReplacedWithAWarning(t *testing.T) {
	for value, found := range map[string]string{
		"value: /etc/other":                            `"/etc/other"`,
		"valueFrom: {secretKeyRef: {name: a, key: b}}": "valueFrom",
		"value: /var/run/secrets/remote/config":        "",
		"value: /var/run/secrets/remote/config, valueFrom: {secretKeyRef: {name: a, key: b}}": "valueFrom",
	} {
		var warnings []string
		got := objecttest.Run(t, step("proxy", &warnings), base(volume, mount+`env: [{name: KUBECONFIG, `+value+`}],`))
		require.Contains(t, flow(got), "name:KUBECONFIGvalue:/var/run/secrets/remote/config")
		require.NotContains(t, got, "secretKeyRef")
		if found == "" {
			require.Empty(t, warnings)
			continue
		}
		require.Equal(t, []string{`Deployment istio-system1/istiod-sales: env KUBECONFIG: found ` + found + `; "/var/run/secrets/remote/config" is used, ` +
			`which the API proxy writes, so that the control plane reads the tenant's namespaces only`}, warnings)
	}
}

func TestNodesAreShownOnRequest(t *testing.T) {
	for _, nodes := range []bool{false, true} {
		s := step("proxy", new([]string))
		s.Tenant.Spec.ControlPlane.ReadNodes = &nodes
		require.Equal(t, nodes, strings.Contains(objecttest.Run(t, s, base(volume, mount)), "--nodes"))
	}
}

// TestOnlyItsOwnWebhooksAreShown, whoever brings their caBundle.
func TestOnlyItsOwnWebhooksAreShown(t *testing.T) {
	webhook := func(kind, name, service, bundle string) string {
		return `---
apiVersion: admissionregistration.k8s.io/v1
kind: ` + kind + `
metadata: {name: ` + name + `}
webhooks: [{name: a.b.c, clientConfig: {service: {name: ` + service + `, namespace: istio-system1}, caBundle: "` + bundle + `"}}]
`
	}
	plane := strings.Replace(base(volume, mount), "{template: {spec:", "{template: {metadata: {labels: {app: istiod}}, spec:", 1) + `---
apiVersion: v1
kind: Service
metadata: {name: istiod-sales, namespace: istio-system1}
spec: {selector: {app: istiod}}
---
apiVersion: v1
kind: Service
metadata: {name: another, namespace: istio-system1}
spec: {selector: {app: another}}
`
	got := objecttest.Run(t, step("proxy", new([]string)), plane+
		webhook("MutatingWebhookConfiguration", "injector", "istiod-sales", "")+
		webhook("MutatingWebhookConfiguration", "tag", "istiod-sales", "YQ==")+
		webhook("MutatingWebhookConfiguration", "other", "another", ""))
	require.Contains(t, got, "'--only=mutatingwebhookconfigurations.admissionregistration.k8s.io=injector,tag'")
	require.Contains(t, got, "--only=validatingwebhookconfigurations.admissionregistration.k8s.io=]")
}
