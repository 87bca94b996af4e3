package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

const podSpec = `{restartPolicy: Never, containers: [{name: a, image: a}]}`

const workload = `{spec: {selector: {matchLabels: {app: fuzz}},
 template: {metadata: {labels: {app: fuzz}}, spec: {containers: [{name: a, image: a}]}}}}`

// contents are the least that the API server, or the chain, takes of a kind.
// HERE is the namespace where it will be.
var contents = map[string]string{
	"ControllerRevision":      `{revision: 1, data: {a: b}}`,
	"CSIStorageCapacity":      `{storageClassName: a}`,
	"CronJob":                 `{spec: {schedule: "@daily", jobTemplate: {spec: {template: {spec: ` + podSpec + `}}}}}`,
	"DaemonSet":               workload,
	"Deployment":              workload,
	"EndpointSlice":           `{addressType: IPv4, endpoints: []}`,
	"events.k8s.io/v1 Event":  `{regarding: {namespace: HERE}, eventTime: "2026-01-01T00:00:00.000000Z", type: Normal, reason: a, action: a, reportingController: a.example/a, reportingInstance: a}`,
	"v1 Event":                `{involvedObject: {namespace: HERE}}`,
	"HorizontalPodAutoscaler": `{spec: {maxReplicas: 1, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}}}`,
	"Kustomization":           `{spec: {serviceAccountName: a}}`,
	"Ingress":                 `{spec: {defaultBackend: {service: {name: a, port: {number: 80}}}}}`,
	"Job":                     `{spec: {template: {spec: ` + podSpec + `}}}`,
	"LeaseCandidate":          `{spec: {leaseName: a, binaryVersion: 1.0.0, emulationVersion: 1.0.0, strategy: OldestEmulationVersion}}`,
	"PeerAuthentication":      `{spec: {selector: {matchLabels: {app: fuzz}}}}`,
	"PersistentVolumeClaim":   `{spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}`,
	"Pod":                     `{spec: ` + podSpec + `}`,
	"PodGroup":                `{spec: {schedulingPolicy: {basic: {}}}}`,
	"PodTemplate":             `{template: {spec: {containers: [{name: a, image: a}]}}}`,
	"ReplicaSet":              workload,
	"ReplicationController":   `{spec: {selector: {app: fuzz}, template: {metadata: {labels: {app: fuzz}}, spec: {containers: [{name: a, image: a}]}}}}`,
	"RoleBinding":             `{roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: a}}`,
	"v1 Service":              `{spec: {ports: [{port: 80}]}}`,
	"StatefulSet":             workload,
	"Workload":                `{spec: {podGroupTemplates: [{name: a, schedulingPolicy: {basic: {}}}]}}`,
}

// proved is a kind of which nobody but a kubelet can make an object: it holds
// a proof of a private key.
const proved = "PodCertificateRequest"

// content is an object of a kind without its name.
func content(t *testing.T, apiVersion, kind string) map[string]any {
	t.Helper()
	text, found := contents[apiVersion+" "+kind]
	if !found {
		text = contents[kind]
	}
	o := map[string]any{}
	require.NoError(t, yaml.Unmarshal([]byte(text), &o), kind)
	return o
}
