package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// scraped are a Prometheus' targets: those that it scrapes, and those that it
// found and dropped.
type scraped struct {
	ActiveTargets []struct {
		DiscoveredLabels map[string]string
		Health           string
	}
	DroppedTargets []struct{ DiscoveredLabels map[string]string }
}

// TestPrometheusScrapesItsTenantAlone runs Prometheus' own program under the
// configuration and the account that were rendered. Other tenants have Pods that
// ask to be scraped as well: their istiods.
func TestPrometheusScrapesItsTenantAlone(t *testing.T) {
	c := claims(t, "Prometheus itself, with a tenant's account and with the rendered configuration, scrapes its tenant's istiod in every mode of discovery, and finds nothing of another tenant. It also finds nothing if the configuration names no namespaces")
	w := theWorld(t)
	for _, name := range []string{"sales", "ops", "fin"} {
		tenant := w.tenants[name]
		config := prometheusConfig(t, withAddons(t, w, tenant, "../../bases/istio/addons"))
		account, err := w.cluster.ServiceAccountToken(tenant.applications[0], "prometheus")
		require.NoError(t, err)
		found := scrape(t, w, name, account, config, tenant.istiod.Pod)
		c.verify(found[tenant.istiod.Pod], "%s: istiod is not scraped: %v", name, found)
		c.verify(!findsOthers(w, name, found), "%s: finds what is not its own: %v", name, found)
		everywhere := regexp.MustCompile(`(?m)^    namespaces:\n      names:\n(      - .*\n)+`).ReplaceAllString(config, "")
		require.NotEqual(t, config, everywhere)
		found = scrape(t, w, name+"-everywhere", account, everywhere, "")
		c.verify(len(found) == 0, "%s: finds something of the whole cluster: %v", name, found)
		if name == "sales" { // for comparison: what there is to find
			found = scrape(t, w, "everybody", cluster.AdminToken(), everywhere, w.tenants["dev"].istiod.Pod)
			c.verify(findsOthers(w, name, found), "nobody else is there: %v", found)
		}
	}
}

// prometheusConfig is what was rendered for a tenant, in a hurry.
func prometheusConfig(t *testing.T, objects []*cluster.Object) string {
	t.Helper()
	for _, o := range objects {
		if text, found, _ := unstructured.NestedString(o.Object, "data", "prometheus.yml"); found {
			require.Contains(t, text, "scrape_interval: 15s")
			return strings.Replace(text, "scrape_interval: 15s", "scrape_interval: 1s", 1)
		}
	}
	t.Fatal("no prometheus.yml")
	return ""
}

// findsOthers says whether other tenants' istiods are among Pods.
func findsOthers(w *world, name string, pods map[string]bool) bool {
	return slices.ContainsFunc(w.others(name), func(other *tenant) bool { return pods[other.istiod.Pod] })
}

// scrape runs Prometheus with a token until it has scraped a Pod, or where there
// is none, until the API server has refused what it asks, and returns the Pods that
// it knows of. Its configuration is told where the API server is, which it knows in a
// Pod.
func scrape(t *testing.T, w *world, name, token, config, until string) map[string]bool {
	t.Helper()
	name = "prometheus-of-" + name
	kubeconfig, err := w.cluster.Kubeconfig(name, token)
	require.NoError(t, err)
	require.Contains(t, config, "- role: ")
	dir, err := filepath.Abs(filepath.Join(logs, name))
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	file := filepath.Join(dir, "prometheus.yml")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	config = strings.ReplaceAll(config, "- role: ", fmt.Sprintf("- kubeconfig_file: %s\n    role: ", kubeconfig))
	config = strings.ReplaceAll(config, "localhost:9090", address)
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	pods := map[string]bool{}
	require.NoError(t, w.cluster.Until(name, func() error {
		targets, err := targetsOf(address)
		if err != nil {
			return err
		}
		done := false
		for _, target := range targets.ActiveTargets {
			pod := target.DiscoveredLabels["__meta_kubernetes_pod_name"]
			if pod != "" {
				pods[pod] = true
			}
			done = done || pod == until && until != "" && target.Health == "up"
		}
		for _, target := range targets.DroppedTargets {
			pods[target.DiscoveredLabels["__meta_kubernetes_pod_name"]] = true
		}
		if until == "" {
			done, err = listsRefused(address)
		}
		if err == nil && !done {
			err = fmt.Errorf("%q is not scraped yet: %v", until, targets.ActiveTargets)
		}
		return err
	}, binaries["prometheus"], "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address))
	return pods
}

// listsRefused says whether the API server has refused to list what a Prometheus asks.
func listsRefused(address string) (bool, error) {
	response, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return regexp.MustCompile(`(?m)^prometheus_sd_kubernetes_failures_total [1-9]`).Match(text), err
}

func targetsOf(address string) (scraped, error) {
	response, err := http.Get("http://" + address + "/api/v1/targets")
	if err != nil {
		return scraped{}, err
	}
	defer response.Body.Close()
	var answer struct{ Data scraped }
	err = json.NewDecoder(response.Body).Decode(&answer)
	return answer.Data, err
}
