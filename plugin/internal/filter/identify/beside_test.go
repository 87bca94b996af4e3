package identify_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestASecondControlPlane takes whom it likes into the mesh, since nothing limits
// it.
func TestASecondControlPlane(t *testing.T) {
	const why = ": runs the control plane's program, as Deployment istio-system1/istiod-sales does, and nothing limits this one: a tenant has one control plane; remove it"
	for text, want := range map[string]string{
		args + "      - {name: second, image: docker.io/istio/pilot, args: [discovery, '--grpcAddr=:15099']}\n":                                                                       plane + "container second",
		args + "      - {name: second, image: mine, args: [discovery]}\n":                                                                                                             plane + "container second",
		args + "      - {name: second, image: mine, command: [sh, -c, 'TOKEN_AUDIENCES=istio-ca pilot-discovery discovery']}\n":                                                       plane + "container second",
		args + "      - {name: second, image: 'mirror/pilot@sha256:0', args: [$(X)]}\n":                                                                                               plane + "container second",
		args + "      initContainers: [{name: second, image: docker.io/istio/pilot, restartPolicy: Always}]\n":                                                                        plane + "container second",
		args + "---\n{kind: StatefulSet, metadata: {name: a, namespace: ns-1}, spec: {template: {spec: {containers: [{name: x, image: docker.io/istio/pilot, args: [discovery]}]}}}}": "StatefulSet ns-1/a: container x",
		args + "---\n{kind: Rollout, metadata: {name: a, namespace: ns-1}, spec: {template: {spec: {containers: [{name: x, args: [discovery]}]}}}}":                                   "Rollout ns-1/a: container x",
		args + "---\n{kind: CronJob, metadata: {name: a, namespace: istio-system1}, spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: x, image: pilot}]}}}}}}":        "CronJob istio-system1/a: container x",
	} {
		require.Equal(t, want+why, fails(t, "1.31.0", istiod(text)), text)
	}

	_, warned := run(t, "1.31.0", istiod(args)+"---\n{kind: Pod, metadata: {name: a, namespace: ns-1}, spec: {containers: [{name: x, image: airline/pilot}]}}")
	require.Equal(t, []string{`Pod ns-1/a: container x: image "airline/pilot" has the name of the control plane's image: if it is one, it may let anybody join the mesh`}, warned)

	_, warned = run(t, "1.31.0", istiod(args+"      - {name: istio-proxy, image: docker.io/istio/proxyv2:1.31.0}\n"))
	require.Empty(t, warned)
}

// TestSecretsOfOtherClusters name API servers that say who is a member.
func TestSecretsOfOtherClusters(t *testing.T) {
	const why = ": istiod takes the API server that it names for one of the mesh's clusters, whose tokens decide who is a member; " +
		"leave it out: a cluster administrator who trusts that server creates it outside of the output"
	for object, want := range map[string]string{
		`{kind: Secret, metadata: {name: a, namespace: istio-system1, labels: {istio/multiCluster: "true"}}}`:                              "Secret istio-system1/a: metadata.labels[istio/multiCluster]",
		`{kind: Secret, metadata: {name: a, namespace: ns-1, labels: {istio/multiCluster: "true"}}}`:                                       "Secret ns-1/a: metadata.labels[istio/multiCluster]",
		`{kind: SealedSecret, metadata: {name: a, namespace: ns-1}, spec: {template: {metadata: {labels: {istio/multiCluster: "true"}}}}}`: "SealedSecret ns-1/a: spec.template.metadata.labels[istio/multiCluster]",
		`{kind: Secret, metadata: {name: istio-kubeconfig, namespace: istio-system1}}`:                                                     "Secret istio-system1/istio-kubeconfig",
	} {
		require.Equal(t, want+why, fails(t, "1.31.0", istiod(args)+"---\n"+object))
	}
	_, warned := run(t, "1.31.0", istiod(args)+"---\n{kind: Secret, metadata: {name: istio-kubeconfig, namespace: ns-1, labels: {istio: a}}}")
	require.Empty(t, warned)
}
