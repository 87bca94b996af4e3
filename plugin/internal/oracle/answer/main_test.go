package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnswer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "manifests.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {namespace: ns-1, name: a}
roleRef: {kind: ClusterRole, name: view}
subjects: [{kind: User, name: ann}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: p}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [DELETE], resources: [pods]}]}
  validations: [{expression: "oldObject.metadata.name != 'kept'", message: stays}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: b}
spec: {policyName: p, validationActions: [Deny]}
`), 0o644))
	const asked = `
{"kind":"SubjectAccessReview","spec":{"user":"ann","resourceAttributes":{"verb":"get","resource":"pods","namespace":"ns-1"}}}
{"kind":"SubjectAccessReview","spec":{"user":"ann","nonResourceAttributes":{"verb":"get","path":"/metrics"}}}
{"kind":"AdmissionReview","request":{"uid":"1","operation":"DELETE","kind":{"version":"v1","kind":"Pod"},"resource":{"version":"v1","resource":"pods"},"namespace":"ns-1","name":"kept","userInfo":{},"object":null,"oldObject":{"kind":"Pod","metadata":{"name":"kept"}}}}
`
	var out strings.Builder
	require.NoError(t, answer([]string{file}, strings.NewReader(asked), &out))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 3)
	require.Contains(t, lines[0], `"allowed":true,"reason":"RoleBinding ns-1/a and ClusterRole system:aggregate-to-view"`)
	require.Contains(t, lines[1], `"allowed":false`)
	require.Contains(t, lines[2], `{"reason":"p","message":"stays","field":"b"}`)

	require.ErrorContains(t, answer([]string{file}, strings.NewReader(`{"kind":"Pod"}`), &out), `document 1: kind: found "Pod"`)
	require.ErrorContains(t, answer([]string{file}, strings.NewReader(`{"kind":"AdmissionReview"}`), &out), "document 1: request: The field is missing")
	require.ErrorContains(t, answer([]string{file + "x"}, strings.NewReader(""), &out), "manifests.yamlx")
}
