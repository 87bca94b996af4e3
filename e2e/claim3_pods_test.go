package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// An administrator may create Pods in the own application namespace. One that
// reaches its node would reach the tokens of every tenant's Pods there.
func TestAPodOfATenantDoesNotReachItsNode(t *testing.T) {
	c := claims(t, "A Pod that a tenant administrator creates does not reach its node")
	w := theWorld(t)
	sales := w.tenants["sales"]
	client := w.cluster.As(sales.admin)
	pods := "/api/v1/namespaces/" + sales.applications[0] + "/pods"
	pod := func(spec, container string) string {
		return object("v1", "Pod", "attack", `"spec":{`+spec+`"containers":[{"name":"x","image":"x"`+container+`}]}`)
	}
	for _, row := range []struct{ name, body string }{
		{"privileged", pod("", `,"securityContext":{"privileged":true}`)},
		{"privileged in an init container", pod(`"initContainers":[{"name":"i","image":"x","securityContext":{"privileged":true}}],`, "")},
		{"hostPath", pod(`"volumes":[{"name":"v","hostPath":{"path":"/"}}],`, "")},
		{"hostNetwork", pod(`"hostNetwork":true,`, "")},
		{"hostPID", pod(`"hostPID":true,`, "")},
		{"hostIPC", pod(`"hostIPC":true,`, "")},
		{"hostPort", pod("", `,"ports":[{"containerPort":80,"hostPort":80}]`)},
		{"SYS_ADMIN", pod("", `,"securityContext":{"capabilities":{"add":["SYS_ADMIN"]}}`)},
		{"all capabilities", pod("", `,"securityContext":{"capabilities":{"add":["ALL"]}}`)},
		{"no seccomp", pod(`"securityContext":{"seccompProfile":{"type":"Unconfined"}},`, "")},
		{"no AppArmor", pod("", `,"securityContext":{"appArmorProfile":{"type":"Unconfined"}}`)},
		{"an SELinux type of the node", pod("", `,"securityContext":{"seLinuxOptions":{"type":"spc_t"}}`)},
		{"an unmasked /proc", pod(`"hostUsers":false,`, `,"securityContext":{"procMount":"Unmasked"}`)},
		{"a sysctl of the node", pod(`"securityContext":{"sysctls":[{"name":"kernel.msgmax","value":"1"}]},`, "")},
		{"a Windows host process", pod(`"os":{"name":"windows"},"hostNetwork":true,"securityContext":{"windowsOptions":{"hostProcess":true}},`, "")},
	} {
		c.check(row.name, func(t *testing.T) {
			answer, err := client.Do("POST", pods, row.body)
			require.NoError(t, err)
			require.Equal(t, 403, answer.Code, answer.Message())
			require.Contains(t, answer.Message(), "istio-tenancy-pods", "refused, but not by the policy")
		})
	}
	c.check("a Pod with Istio's own init container is accepted", func(t *testing.T) {
		answer, err := client.Do("POST", pods, pod("", ""))
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		defer client.Do("DELETE", pods+"/attack", "")
		require.Contains(t, string(answer.Body), "NET_ADMIN", "it was not injected")
	})
	// Which Kubernetes' role admin may not add; whoever may is held to the same.
	c.check("an ephemeral container", func(t *testing.T) {
		answer, err := client.Do("POST", pods, pod("", ""))
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		defer client.Do("DELETE", pods+"/attack", "")
		answer, err = w.cluster.Admin.Do("PATCH", pods+"/attack/ephemeralcontainers",
			`{"spec":{"ephemeralContainers":[{"name":"e","image":"x","securityContext":{"privileged":true}}]}}`)
		require.NoError(t, err)
		require.Equal(t, 403, answer.Code, answer.Message())
		require.Contains(t, answer.Message(), "istio-tenancy-pods")
	})
}
