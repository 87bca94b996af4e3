package controlplane_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

func TestAgrees(t *testing.T) {
	base := func(annotation, tag, labels, podLabels string) string {
		return fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: a, labels: {%s}, annotations: {istio-tenancy.dev/istio-version: %q}}
spec: {template: {metadata: {labels: {%s}}, spec: {containers: [{name: discovery, image: "hub/pilot%s", args: [discovery]}]}}}
`, labels, annotation, podLabels, tag)
	}
	more := func(object string) string { return base("1.12", "", "", "") + "---\n" + object }
	const tag = `{kind: ConfigMap, metadata: {name: istio-sidecar-injector, namespace: a}, data: {values: '{"global": {"tag": "%s"}}'}}`
	const want = `: must state the version that runs; a base of another version is made by istio-tenancy split`
	stated := func(version string) string {
		return `Deployment a/istiod: metadata.annotations[istio-tenancy.dev/istio-version]: found "` + version + `", which states Istio ` + version + `, and `
	}
	for name, test := range map[string]struct{ text, want string }{
		"the image":             {base("1.12", ":1.31.0", "", ""), stated("1.12") + `the image is "hub/pilot:1.31.0"` + want},
		"the Deployment":        {base("1.12", "", `app.kubernetes.io/version: "1.31.0"`, ""), stated("1.12") + `Deployment a/istiod: metadata.labels[app.kubernetes.io/version]: found "1.31.0"` + want},
		"its Pods":              {base("1.30", "", "", "helm.sh/chart: istiod-1.31.0"), stated("1.30") + `Deployment a/istiod: spec.template.metadata.labels[helm.sh/chart]: found "istiod-1.31.0"` + want},
		"a label of later ones": {base("1.12", "", "", "helm.sh/chart: istiod-1.0.0"), stated("1.12") + `Deployment a/istiod: spec.template.metadata.labels[helm.sh/chart]: found "istiod-1.0.0", which exists since Istio 1.24` + want},
		"a revision":            {base("1.5", "", "", "istio.io/rev: default"), stated("1.5") + `Deployment a/istiod: spec.template.metadata.labels[istio.io/rev]: found "default", which exists since Istio 1.6` + want},
		"another object":        {more(`{kind: Service, metadata: {name: b, namespace: a, labels: {helm.sh/chart: istiod-1.31.0}}}`), stated("1.12") + `Service a/b: metadata.labels[helm.sh/chart]: found "istiod-1.31.0", which exists since Istio 1.24` + want},
		"a policy":              {more(`{kind: ValidatingAdmissionPolicy, metadata: {name: stable-channel-policy-a}}`), stated("1.12") + `ValidatingAdmissionPolicy stable-channel-policy-a: exists since Istio 1.26` + want},
		"the values":            {more(fmt.Sprintf(tag, "1.31.0")), stated("1.12") + `ConfigMap a/istio-sidecar-injector: data[values]: global.tag: found "1.31.0"` + want},
		"a tag that states it": {base("", ":1.5.0", `app.kubernetes.io/version: "1.31.0"`, ""),
			`Deployment a/istiod: image tag: found "hub/pilot:1.5.0", which states Istio 1.5, and Deployment a/istiod: metadata.labels[app.kubernetes.io/version]: found "1.31.0"` + want},

		"a patch version":            {base("1.31", ":1.31.4-distroless", "app.kubernetes.io/version: 1.31.0", "helm.sh/chart: istiod-1.31.2"), ""},
		"a mirror's own tag":         {base("1.31", ":build-7", "", ""), ""},
		"a mirror's own numbers":     {base("1.31", ":2024.10.1", "", ""), ""},
		"a digest":                   {base("1.31", "@sha256:1.2.3", "", ""), ""},
		"charts of no release":       {base("1.31", "", `app.kubernetes.io/version: "1.0.0"`, "helm.sh/chart: istiod-1.0.0"), ""},
		"values without a version":   {more(fmt.Sprintf(tag, "latest")), ""},
		"values that are no JSON":    {more(`{kind: ConfigMap, metadata: {name: values, namespace: a}, data: {merged-values: "{"}}`), ""},
		"other charts":               {more(`{kind: Service, metadata: {name: b, labels: {helm.sh/chart: shop-0.1.0, app.kubernetes.io/version: "0.9.0"}}}`), ""},
		"other policies":             {more(`{kind: ValidatingAdmissionPolicy, metadata: {name: mine}}`), ""},
		"an application's ConfigMap": {more(`{kind: ConfigMap, metadata: {name: values, namespace: b}, data: {merged-values: '{"global": {"tag": "1.2.3"}}'}}`), ""},
	} {
		objects := objecttest.Parse(t, test.text)
		plane, err := controlplane.Find(objects)
		require.NoError(t, err, name)
		if err := plane.Agrees(objects); test.want == "" {
			require.NoError(t, err, name)
		} else {
			require.EqualError(t, err, test.want, name)
		}
	}
}

// TestAgreesOnce: a base has a label on every object, and says it once.
func TestAgreesOnce(t *testing.T) {
	objects := objecttest.Parse(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: a, labels: {helm.sh/chart: istiod-1.31.0}}
spec: {template: {metadata: {labels: {helm.sh/chart: istiod-1.31.0}}, spec: {containers: [{name: discovery, image: "hub/pilot:1.30.0", args: [discovery]}]}}}
---
{kind: Service, metadata: {name: istiod, namespace: a, labels: {helm.sh/chart: istiod-1.31.0}}}
`)
	plane, err := controlplane.Find(objects)
	require.NoError(t, err)
	require.NotContains(t, plane.Agrees(objects).Error(), "\n")
}
