package node_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/tally"
	"github.com/stretchr/testify/require"
)

// The injected Pods do not run: istio-init needs iptables, and the proxy Envoy, and the
// images here have neither.
func TestPodsThatAreInjected(t *testing.T) {
	c := claims(t, "A Pod of a tenant gets its proxy from the tenant's own istiod, with the tenant's address, trust domain, audience and revision, in every application namespace")
	turn(c, &lanes.injected)
	w := theEnforcedWorld(t)
	var places []injected
	for _, name := range tenantNames {
		for _, namespace := range w.tenants[name].applications {
			places = append(places, injected{w, w.tenants[name], namespace})
		}
	}
	sideBySide(len(places), len(places), func(i int) {
		c.Run(places[i].namespace, func(t *testing.T) { places[i].check(t, c) })
	})
	c.Note("injected Pods end with istio-init, which needs iptables; a proxy needs Envoy, and neither can be had here")
}

// injected is a namespace in which a Pod gets the proxy of a tenant.
type injected struct {
	*world
	tenant    *tenant
	namespace string
}

func (i injected) check(t *testing.T, c *tally.Claim) {
	admin, tenant, namespace := i.node.Cluster.Admin, i.tenant, i.namespace
	answer, err := i.node.Cluster.As(tenant.admin).Do(http.MethodPost, "/api/v1/namespaces/"+namespace+"/pods",
		`{"metadata":{"name":"injected"},"spec":{"terminationGracePeriodSeconds":0,"containers":[{"name":"app","image":"`+appImage+`","args":["8080"]}]}}`)
	require.NoError(t, errors.Join(err, answer.Error()))
	path := "/api/v1/namespaces/" + namespace + "/pods/injected"
	pod, err := admin.Get(path)
	require.NoError(t, err)
	containers := byName(pod, "initContainers")
	for container, c := range byName(pod, "containers") {
		containers[container] = c
	}
	proxy := fmt.Sprint(containers["istio-proxy"])
	for what, right := range map[string]string{
		"proxy's image":        "docker.io/istio/proxyv2:1.31.0",
		"proxy's CA":           tenant.xds(tenant.istiod()),
		"proxy's discovery":    `"discoveryAddress":"` + tenant.xds(tenant.istiod()),
		"proxy's trust domain": tenant.name + ".mesh",
		"proxy's metrics":      "15090",
	} {
		c.Verify(strings.Contains(proxy, right), "%s/injected: the %s: %s is not in %s", namespace, what, right, proxy)
	}
	c.Verify(containers["istio-init"] != nil, "%s/injected has no istio-init", namespace)
	c.Verify(strings.Contains(fmt.Sprint(pod.Object["spec"]), "audience:"+tenant.name+".istio-tenancy.dev"), "%s/injected: its token is for another audience", namespace)
	c.Verify(pod.GetAnnotations()["istio.io/rev"] == tenant.name, "%s/injected: istio.io/rev is %s", namespace, pod.GetAnnotations()["istio.io/rev"])
	for _, other := range i.tenants {
		if other != tenant {
			all := fmt.Sprint(pod.Object)
			c.Verify(!strings.Contains(all, other.istiod()) && !strings.Contains(all, other.name+".mesh"), "%s/injected names the mesh of %s", namespace, other.name)
		}
	}
	// The kubelet has mounted its token and the root of its mesh, and started what was injected.
	err = cluster.Eventually(patience, func() error {
		stored, err := admin.Get(path)
		if err != nil {
			return err
		}
		if n := restarts(stored, "istio-init"); n >= 0 && strings.Contains(fmt.Sprint(stored.Object["status"]), "exitCode") {
			return nil
		}
		return fmt.Errorf("istio-init has not run: %v", stored.Object["status"])
	})
	c.Verify(err == nil, "%s/injected: %v", namespace, err)
	remove(t, admin, path)
}

func byName(pod *cluster.Object, field string) map[string]any {
	found := map[string]any{}
	spec, _ := pod.Object["spec"].(map[string]any)
	all, _ := spec[field].([]any)
	for _, c := range all {
		found[fmt.Sprint(c.(map[string]any)["name"])] = c
	}
	return found
}
