package node_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The addons of tenants as those who connect. They are no columns of the table, since
// they reach what every Pod of their namespace does.

// tenantsWithAddons have Prometheus, Grafana, Kiali and Jaeger in their first application
// namespace, as rendered in all but their requests of the CPU. Prometheus is its own
// program; the one in ./dashboard is in the place of the others.
var tenantsWithAddons = []string{"sales", "fin"}

// dashboards are the addons that ask others by what their ConfigMaps tell them.
var dashboards = []string{"grafana", "kiali"}

// giveSigningKeys makes the Secret that docs/addons.md has somebody make.
func (w *world) giveSigningKeys(to *cluster.Cluster) error {
	for _, name := range tenantsWithAddons {
		tenant := w.tenants[name]
		secret, err := cluster.Parse([]byte("{apiVersion: v1, kind: Secret, metadata: {name: kiali-signing-key, namespace: " + tenant.applications[0] + "}, stringData: {key: 0123456789abcdef}}"))
		if err != nil {
			return err
		}
		if _, err := to.As(tenant.admin).Apply(secret); err != nil {
			return fmt.Errorf("Kiali's key of %s: %w", name, err)
		}
	}
	return nil
}

// told are the addresses in the ConfigMap of a dashboard, as rendered; there are none
// where there is no dashboard.
func (t *tenant) told(dashboard string) (addresses []string) {
	for _, object := range t.objects {
		if object.GetKind() != "ConfigMap" || object.GetName() != dashboard {
			continue
		}
		data, _, _ := unstructured.NestedStringMap(object.Object, "data")
		for _, text := range data {
			addresses = append(addresses, regexp.MustCompile(`http://\S+`).FindAllString(text, -1)...)
		}
	}
	slices.Sort(addresses)
	return slices.Compact(addresses)
}

// asked is the row of an address, as a Pod in the tenant's first application namespace
// reads it: a Service of its own namespace, unless another is named.
func (t *tenant) asked(address string) (row, error) {
	read, err := url.Parse(address)
	if err != nil {
		return row{}, err
	}
	name, namespace, named := strings.Cut(read.Hostname(), ".")
	if !named {
		namespace = t.applications[0]
	}
	port := 80
	if read.Port() != "" {
		port, err = strconv.Atoi(read.Port())
	}
	return row{to: t.name + ": " + address, namespace: namespace, name: name, by: service, port: port}, err
}

// scraped are the addresses of a tenant's Pods that ask to be scraped, by their names.
func (p *population) scraped(t *tenant) map[string]string {
	found := map[string]string{}
	for _, pod := range p.pods {
		if slices.Contains(t.namespaces(), pod.Namespace) && ready(pod) && pod.Annotations["prometheus.io/scrape"] == "true" {
			found[pod.Name] = pod.Status.PodIP + ":" + pod.Annotations["prometheus.io/port"]
		}
	}
	return found
}

// connections are the cells of the table, and those of the tenants' addons: to what they
// are told to ask, to what they scrape, and to the same of the other tenants.
func (p *population) connections(w *world) ([]cell, error) {
	cells, err := p.cells(rows)
	if err != nil {
		return nil, err
	}
	for _, name := range tenantsWithAddons {
		for _, addon := range append([]string{"prometheus"}, dashboards...) {
			found, err := p.find(w.tenants[name].applications[0], "app="+addon)
			if err != nil {
				return nil, err
			}
			from, err := w.node.Pod(found.Namespace, found.Name)
			if err != nil {
				return nil, err
			}
			for _, other := range tenantNames {
				ends, err := p.ends(w.tenants[other], addon)
				if err != nil {
					return nil, err
				}
				for _, end := range ends {
					end.name, end.from, end.want = fmt.Sprintf("%s's %s -> %s", name, addon, end.name), from, name == other
					cells = append(cells, end)
				}
			}
		}
	}
	return cells, nil
}

// ends are where the connections of a tenant's addon lead.
func (p *population) ends(t *tenant, addon string) (cells []cell, err error) {
	if addon == "prometheus" {
		for name, address := range p.scraped(t) {
			cells = append(cells, cell{name: t.name + ": " + name, address: address, pod: address})
		}
	}
	for _, told := range t.told(addon) {
		r, err := t.asked(told)
		if err != nil {
			return nil, err
		}
		address, end, err := p.resolve(r)
		if err != nil {
			return nil, err
		}
		cells = append(cells, cell{name: r.to, address: address, pod: end})
	}
	return cells, nil
}

func TestAddonsSeeTheirTenant(t *testing.T) {
	c := claims(t, "Where NetworkPolicies are enforced, Prometheus itself, in the rendered Pod of a tenant, scrapes the tenant's istiod, gateway, Kiali and Jaeger, and finds nothing of another tenant. Every address in the configuration of Grafana and Kiali answers in their Pods, by its name, and Prometheus answers with what it has scraped")
	turn(c, &lanes.injected)
	w := theEnforcedWorld(t)
	p := thePopulation(t, w)
	for _, name := range tenantsWithAddons {
		tenant := w.tenants[name]
		prometheus, err := p.find(tenant.applications[0], "app=prometheus")
		require.NoError(t, err)
		for pod := range p.scraped(tenant) {
			c.Check(name+": Prometheus scrapes "+pod, func(t *testing.T) {
				require.NoError(t, cluster.Eventually(patience, func() error { return scrapes(prometheus.Status.PodIP, pod, w.since) }))
			})
		}
		c.Check(name+": Prometheus finds nothing of another tenant", func(t *testing.T) {
			found, err := targets(prometheus.Status.PodIP)
			require.NoError(t, err)
			for _, target := range found {
				namespace, known := target.DiscoveredLabels["__meta_kubernetes_namespace"]
				require.True(t, !known || slices.Contains(tenant.namespaces(), namespace), "finds %v", target.DiscoveredLabels)
			}
		})
		for _, dashboard := range dashboards {
			pod, err := p.find(tenant.applications[0], "app="+dashboard)
			require.NoError(t, err)
			for _, address := range tenant.told(dashboard) {
				c.Check(name+": "+dashboard+" asks "+address, func(t *testing.T) {
					_, err := askFrom(pod.Status.PodIP, address)
					require.NoError(t, err)
				})
			}
			c.Check(name+": Prometheus tells "+dashboard+" that istiod is up", func(t *testing.T) {
				const prometheus = "http://prometheus:9090"
				require.Contains(t, tenant.told(dashboard), prometheus)
				answer, err := askFrom(pod.Status.PodIP, prometheus+"/api/v1/query?query="+url.QueryEscape(`up{app="istiod"}`))
				require.NoError(t, err)
				var said struct {
					Data struct {
						Result []struct {
							Metric map[string]string
							Value  []any // the time, and the value as a string
						}
					}
				}
				require.NoError(t, json.Unmarshal(answer, &said), string(answer))
				require.Len(t, said.Data.Result, 1, string(answer))
				require.Equal(t, tenant.controlPlane, said.Data.Result[0].Metric["namespace"])
				require.Equal(t, "1", said.Data.Result[0].Value[1])
			})
		}
	}
}

// discovered is what a Prometheus has found, whether it scrapes it or not.
type discovered struct {
	DiscoveredLabels map[string]string
	Health           string
	LastError        string
	LastScrape       time.Time
}

func targets(prometheus string) ([]discovered, error) {
	text, err := get("http://" + join(prometheus, 9090) + "/api/v1/targets")
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct{ ActiveTargets, DroppedTargets []discovered }
	}
	err = json.Unmarshal(text, &answer)
	return append(answer.Data.ActiveTargets, answer.Data.DroppedTargets...), err
}

// scrapes says whether a Prometheus has scraped a Pod since then.
func scrapes(prometheus, pod string, since time.Time) error {
	all, err := targets(prometheus)
	if err != nil {
		return err
	}
	for _, target := range all {
		if target.DiscoveredLabels["__meta_kubernetes_pod_name"] != pod || target.LastScrape.IsZero() {
			continue
		}
		if target.Health != "up" || target.LastScrape.Before(since) {
			return fmt.Errorf("%s is %s, scraped at %s, %s", pod, target.Health, target.LastScrape, target.LastError)
		}
		return nil
	}
	return fmt.Errorf("%s is not among %d targets", pod, len(all))
}

// askFrom has the program in ./dashboard ask an address in its Pod.
func askFrom(pod, address string) ([]byte, error) {
	return get("http://" + join(pod, 8888) + "/ask?url=" + url.QueryEscape(address))
}

// get returns what was answered; every status is an answer but that of a proxy that got none.
func get(address string) ([]byte, error) {
	response, err := (&http.Client{Timeout: 10 * time.Second}).Get(address)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if response.StatusCode == http.StatusBadGateway {
		err = errors.Join(err, errors.New(string(text)))
	}
	return text, err
}
