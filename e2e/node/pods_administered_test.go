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

// kubectl is what somebody types, and the request in which it ends; each has no other,
// where kubectl has no command. PODS is the path of the namespace's Pods, POD is istiod's or the application's.
type kubectl struct{ name, line, request string }

// reading and restarting are what docs/security.md lets an administrator do beside the control plane.
var (
	reading = []kubectl{
		{"logs", "logs POD --tail=1", "GET PODS/POD/log?tailLines=1"},
		{"logs of a Deployment", "logs deployment/DEPLOYMENT --tail=1", "GET DEPLOYMENTS/DEPLOYMENT"},
		{"get pods", "get pods", "GET PODS"},
		{"describe", "describe pod POD", "GET PODS/POD"},
		{"events", "get events", "GET CORE/events"},
		{"services", "get services", "GET CORE/services"},
		{"ConfigMaps", "get configmaps", "GET CORE/configmaps"},
	}
	restarting = []kubectl{
		{"delete the Pod", "delete pod POD --wait=false", "DELETE PODS/POD"},
		{"evict the Pod", "", `POST PODS/POD/eviction {"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"POD"}}`},
	}
	// entering ends in a process or a connection in the Pod.
	entering = []kubectl{
		{"exec", "exec POD -- /usr/local/bin/attacker read /proc/version", "POST PODS/POD/exec?command=/usr/local/bin/attacker&stdout=true"},
		{"exec with a terminal", "exec -i POD -- /bin/sh", "POST PODS/POD/exec?command=/bin/sh&stdin=true&stdout=true&tty=true"},
		{"attach", "attach POD", "POST PODS/POD/attach?stdout=true"},
		{"port-forward", "port-forward POD 15014", "POST PODS/POD/portforward?ports=15014"},
		{"port-forward to the Service", "port-forward service/DEPLOYMENT 15014", "GET CORE/services/DEPLOYMENT"},
		{"debug by an ephemeral container", "debug POD --image=" + attackerImage + " --profile=general",
			`PATCH PODS/POD/ephemeralcontainers {"spec":{"ephemeralContainers":[{"name":"x","image":"` + attackerImage + `"}]}}`},
		{"debug by a copy", "debug POD --copy-to=copied --image=" + attackerImage + " --profile=baseline",
			`POST PODS {"metadata":{"name":"copied"},"spec":{"containers":[{"name":"x","image":"` + attackerImage + `"}]}}`},
		{"copy from it", "cp POD:/tmp /tmp/copied", "POST PODS/POD/exec?command=tar&command=cf&stdout=true"},
		{"copy into it", "cp /proc/version POD:/tmp/x", "POST PODS/POD/exec?command=tar&command=xf&stdin=true"},
	}
	changing = []kubectl{
		{"rollout restart", "rollout restart deployment/DEPLOYMENT", `PATCH DEPLOYMENTS/DEPLOYMENT {"spec":{"template":{"metadata":{"annotations":{"a":"b"}}}}}`},
		{"scale", "scale deployment/DEPLOYMENT --replicas=0", `PATCH DEPLOYMENTS/DEPLOYMENT/scale {"spec":{"replicas":0}}`},
		{"set image", "set image deployment/DEPLOYMENT *=" + attackerImage, `PATCH DEPLOYMENTS/DEPLOYMENT {"spec":{"template":{"spec":{"containers":[]}}}}`},
		{"set env", "set env deployment/DEPLOYMENT A=b", `PATCH DEPLOYMENTS/DEPLOYMENT {"spec":{"template":{"spec":{"hostname":"b"}}}}`},
		{"annotate the Pod", "annotate pod POD a=b", `PATCH PODS/POD {"metadata":{"annotations":{"a":"b"}}}`},
		{"delete the Deployment", "delete deployment/DEPLOYMENT", "DELETE DEPLOYMENTS/DEPLOYMENT"},
		{"run", "run beside --image=" + attackerImage, `POST PODS {"metadata":{"name":"beside"},"spec":{"containers":[{"name":"x","image":"` + attackerImage + `"}]}}`},
		{"create token", "create token ACCOUNT", `POST CORE/serviceaccounts/ACCOUNT/token {"spec":{}}`},
		{"Secrets", "get secrets", "GET CORE/secrets"},
	}
)

func TestPodsAreAdministered(t *testing.T) {
	c := claims(t, "Through the real kubelet, a tenant's administrator can read logs of the control plane and restart it, and cannot run commands in it. The administrator can run commands in the tenant's own applications. Another tenant's administrator can do none of this")
	turn(c, &lanes.dev, &lanes.meshes, &lanes.injected)
	w := theEnforcedWorld(t)
	tenant := w.tenants["dev"]
	f := &field{world: w}
	f.give(t, w.node.Cluster.As("dev-admin"), webDeployment)
	require.NoError(t, w.node.Available("ns-0", "web", patience))
	istiod := func() target {
		return target{tenant.controlPlane, w.istiodPod(t, "dev").GetName(), tenant.istiod(), tenant.istiod()}
	}
	app := func() target {
		pods, err := w.node.Cluster.Admin.Items("/api/v1/namespaces/ns-0/pods?labelSelector=app=web&fieldSelector=status.phase=Running")
		require.NoError(t, err)
		require.Len(t, pods, 1)
		return target{"ns-0", pods[0].GetName(), "web", "default"}
	}
	tries := func(user, of string, at target, allowed bool, lines ...kubectl) {
		try := w.asks
		if user == tenant.admin {
			try = w.types
		}
		outs, errs := make([]string, len(lines)), make([]error, len(lines))
		sideBySide(len(lines), someAtOnce, func(i int) { outs[i], errs[i] = try(user, at, lines[i]) })
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
		kubectl{name: "debug by a copy, with kubectl's own profile", line: "debug POD --copy-to=copied --image=" + attackerImage})
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
			require.NoError(t, w.pods(tenant, 1, isThere))
			require.NotEqual(t, before.pod, istiod().pod, "the Pod is the same")
		})
	}
}

// target is what the words of a line stand for. The Service of istiod is called as its
// Deployment is.
type target struct{ namespace, pod, deployment, account string }

func (t target) words() *strings.Replacer {
	core := "/api/v1/namespaces/" + t.namespace
	return strings.NewReplacer("PODS", core+"/pods", "POD", t.pod, "CORE", core, "ACCOUNT", t.account,
		"DEPLOYMENTS", "/apis/apps/v1/namespaces/"+t.namespace+"/deployments", "DEPLOYMENT", t.deployment)
}

// types runs kubectl. What goes on for long was let in.
func (w *world) types(user string, at target, k kubectl) (string, error) {
	if k.line == "" {
		return w.asks(user, at, k)
	}
	line := at.words().Replace(k.line)
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

// asks sends the request in which kubectl ends, without what kubectl reads before it: that
// is refused already to whoever may not read.
func (w *world) asks(user string, at target, k kubectl) (string, error) {
	parts := append(strings.SplitN(at.words().Replace(k.request), " ", 3), "")
	answer, err := w.node.Cluster.As(user).Do(parts[0], parts[1], parts[2])
	return answer.Message(), errors.Join(err, answer.Error())
}
