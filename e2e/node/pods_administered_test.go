package node_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const webDeployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: ns-0}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, sidecar.istio.io/inject: "false"}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: attacker, image: ` + attackerImage + `, ports: [{containerPort: 8080}]}]
`

// kubectl is what somebody types; POD is istiod's Pod or the application's.
type kubectl struct{ name, line string }

// reading and restarting are what README lets an administrator do beside the control plane.
var (
	reading = []kubectl{
		{"logs", "logs POD --tail=1"},
		{"logs of a Deployment", "logs DEPLOYMENT --tail=1"},
		{"get pods", "get pods"},
		{"describe", "describe pod POD"},
		{"events", "get events"},
		{"services", "get services"},
		{"ConfigMaps", "get configmaps"},
	}
	restarting = []kubectl{
		{"delete the Pod", "delete pod POD --wait=false"},
		{"evict the Pod", ""},
	}
	// entering ends in a process or a connection in the Pod.
	entering = []kubectl{
		{"exec", "exec POD -- /usr/local/bin/attacker read /proc/version"},
		{"exec with a terminal", "exec -i POD -- /bin/sh"},
		{"attach", "attach POD"},
		{"port-forward", "port-forward POD 15014"},
		{"port-forward to the Service", "port-forward SERVICE 15014"},
		{"debug by an ephemeral container", "debug POD --image=" + attackerImage + " --profile=general"},
		{"debug by a copy", "debug POD --copy-to=copied --image=" + attackerImage + " --profile=baseline"},
		{"copy from it", "cp POD:/tmp /tmp/copied"},
		{"copy into it", "cp /proc/version POD:/tmp/x"},
	}
	changing = []kubectl{
		{"rollout restart", "rollout restart DEPLOYMENT"},
		{"scale", "scale DEPLOYMENT --replicas=0"},
		{"set image", "set image DEPLOYMENT *=" + attackerImage},
		{"set env", "set env DEPLOYMENT A=b"},
		{"annotate the Pod", "annotate pod POD a=b"},
		{"delete the Deployment", "delete DEPLOYMENT"},
		{"run", "run beside --image=" + attackerImage},
		{"create token", "create token ACCOUNT"},
		{"Secrets", "get secrets"},
	}
)

func TestPodsAreAdministered(t *testing.T) {
	c := claims(t, "Through the real kubelet, a tenant's administrator reads logs and restarts its control plane, and does not get into it; gets into its own applications; and another tenant's gets nowhere")
	turn(c, &lanes.dev)
	w := theEnforcedWorld(t)
	tenant := w.tenants["dev"]
	f := &field{world: w}
	f.give(t, w.node.Cluster.As("dev-admin"), webDeployment)
	require.NoError(t, w.node.Available("ns-0", "web", patience))
	istiod := func() target {
		return target{tenant.controlPlane, w.istiodPod(t, "dev").GetName(), "deployment/" + tenant.istiod(), "service/" + tenant.istiod(), tenant.istiod()}
	}
	app := func() target {
		pods, err := w.node.Cluster.Admin.Items("/api/v1/namespaces/ns-0/pods?labelSelector=app=web&fieldSelector=status.phase=Running")
		require.NoError(t, err)
		require.Len(t, pods, 1)
		return target{"ns-0", pods[0].GetName(), "deployment/web", "service/web", "default"}
	}
	tries := func(user, of string, at target, allowed bool, lines ...kubectl) {
		outs, errs := make([]string, len(lines)), make([]error, len(lines))
		sideBySide(len(lines), someAtOnce, func(i int) { outs[i], errs[i] = w.types(user, at, lines[i]) })
		for i, line := range lines {
			c.Check(user+", "+of+": "+line.name, func(t *testing.T) {
				if allowed {
					require.NoError(t, errs[i], outs[i])
					return
				}
				require.Error(t, errs[i], outs[i])
				require.Contains(t, strings.ToLower(outs[i]), "forbidden")
			})
		}
	}
	at := istiod()
	tries("dev-admin", "control plane", at, true, reading...)
	tries("dev-admin", "control plane", at, false, entering...)
	tries("dev-admin", "control plane", at, false, changing...)
	own := app()
	tries("dev-admin", "application", own, true, reading...)
	tries("dev-admin", "application", own, true, entering[0])
	tries("dev-admin", "application", own, false, entering[5], // Kubernetes' admin has no right to ephemeral containers
		kubectl{"debug by a copy, with kubectl's own profile", "debug POD --copy-to=copied --image=" + attackerImage})
	tries("dev-admin", "application", own, true, entering[6])
	remove(t, w.node.Cluster.Admin, "/api/v1/namespaces/ns-0/pods/copied")
	for _, user := range []string{"sales-admin", "fin-admin"} {
		for of, at := range map[string]target{"dev's control plane": at, "dev's application": own} {
			for _, lines := range [][]kubectl{reading, restarting, entering, changing} {
				tries(user, of, at, false, lines...)
			}
		}
	}
	c.Check("dev-admin, application: rollout restart", func(t *testing.T) {
		out, err := w.types("dev-admin", own, changing[0])
		require.NoError(t, err, out)
		require.NoError(t, w.node.Available("ns-0", "web", patience))
	})
	for _, line := range restarting {
		c.Check("dev-admin, control plane: "+line.name, func(t *testing.T) {
			before := istiod()
			out, err := w.types("dev-admin", before, line)
			require.NoError(t, err, out)
			require.NoError(t, w.pods(tenant, 1))
			require.NotEqual(t, before.pod, istiod().pod, "the Pod is the same")
		})
	}
}

// target is what the words of a line stand for.
type target struct{ namespace, pod, deployment, service, account string }

// types runs kubectl, or evicts, as which kubectl has no command. What goes on for long was
// let in.
func (w *world) types(user string, at target, k kubectl) (string, error) {
	if k.line == "" {
		pod, err := w.node.Cluster.Admin.Get("/api/v1/namespaces/" + at.namespace + "/pods/" + at.pod)
		if err != nil {
			return "", err
		}
		answer, err := w.evict(user, pod)
		return answer.Message(), errors.Join(err, answer.Error())
	}
	line := strings.NewReplacer("POD", at.pod, "DEPLOYMENT", at.deployment, "SERVICE", at.service, "ACCOUNT", at.account).Replace(k.line)
	args := append([]string{"--namespace", at.namespace}, strings.Fields(line)...)
	type result struct {
		out string
		err error
	}
	done := make(chan result, 1)
	go func() {
		out, err := w.node.Cluster.Kubectl(user, args...)
		done <- result{out, err}
	}()
	select {
	case r := <-done:
		return r.out, r.err
	case <-time.After(patience):
		return fmt.Sprintf("kubectl %s goes on", line), nil
	}
}
