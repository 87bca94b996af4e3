package cluster

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Istiod is a running istiod, with what else its Pod runs.
type Istiod struct {
	Namespace      string
	Revision       string
	ServiceAccount string
	// Pod is the name of the pod that the Deployment's controller made; the
	// processes take its place.
	Pod string
	// Token is a real token of the ServiceAccount.
	Token string
	// IP is the Pod's address, ClusterIP that of the Service of the same name.
	IP, ClusterIP string
	// Host is a name that its certificate has, Audience that of the tokens which
	// proxies have for it.
	Host, Audience string
	// Log is the path of its log.
	Log string
	// Discovery is istiod's own container; Proxy is its native sidecar, or nil.
	Discovery, Proxy *Container
	// Took is the time from the start of its first container until it was ready.
	Took time.Duration

	cluster *Cluster
	network *network
	service func() // ends what serves the Service
}

// Variant is what a test changes of istiod's Pod. The zero Variant is the Pod as
// it is rendered.
type Variant struct {
	// Account is another ServiceAccount whose token it has, and Token another
	// token of its own one.
	Account, Token string
	// Bare says that the native sidecar is left out.
	Bare bool
	// Env is added to istiod's environment.
	Env []string
	// Server is host:port of the API server, as the Pod is told.
	Server string
	// Pod is the name of another Pod. It is behind no Service.
	Pod string
	// Program is the name of another istiod among the servers: pilot-discovery-1.30.
	Program string
}

// User is what the API server calls the ServiceAccount.
func (i *Istiod) User() string {
	return "system:serviceaccount:" + i.Namespace + ":" + i.ServiceAccount
}

// Stop ends the processes, and what stands for the Service.
func (i *Istiod) Stop() {
	i.Discovery.Stop()
	i.Proxy.Stop()
	if i.service != nil {
		i.service()
	}
	i.network.close()
}

// StartIstiod runs the istiod that the rendered objects, already applied,
// describe, and returns when it is ready. Its arguments, its environment and its
// files below /var/run are those of the rendered Pod, and so are those of the
// native sidecar beside it, which starts first. They run in a network of their
// own, so that they listen where they would in their Pod, and are reached
// through the Service.
func (c *Cluster) StartIstiod(objects []*Object) (*Istiod, error) {
	return c.StartVariant(objects, Variant{})
}

// StartVariant is StartIstiod with a difference.
func (c *Cluster) StartVariant(objects []*Object, v Variant) (*Istiod, error) {
	i, err := c.Prepare(objects, v)
	if err != nil {
		return nil, err
	}
	return i, i.Start(2 * time.Minute)
}

// Start starts the containers in their order, and returns when istiod is ready.
func (i *Istiod) Start(limit time.Duration) error {
	begin := time.Now()
	if i.Proxy != nil {
		if err := i.Proxy.Start(); err != nil {
			return err
		}
		if err := i.Proxy.Started(limit); err != nil {
			return err
		}
	}
	if err := i.Discovery.Start(); err != nil {
		return err
	}
	err := i.Ready(limit)
	i.Took = time.Since(begin)
	return err
}

// Prepare makes all that belongs to a Pod of istiod, and starts nothing.
func (c *Cluster) Prepare(objects []*Object, v Variant) (*Istiod, error) {
	deployment, container, err := discovery(objects)
	if err != nil {
		return nil, err
	}
	i := &Istiod{Namespace: deployment.GetNamespace(), Audience: "istio-ca", Pod: v.Pod, Token: v.Token, cluster: c}
	i.ServiceAccount, _, _ = unstructured.NestedString(deployment.Object, "spec", "template", "spec", "serviceAccountName")
	if v.Account != "" {
		i.ServiceAccount = v.Account
	}
	if i.Token == "" {
		if i.Token, err = c.ServiceAccountToken(i.Namespace, i.ServiceAccount); err != nil {
			return nil, err
		}
	}
	for _, entry := range environment(container, nil) {
		if value, ok := strings.CutPrefix(entry, "REVISION="); ok {
			i.Revision = value
		}
		if value, ok := strings.CutPrefix(entry, "TOKEN_AUDIENCES="); ok {
			i.Audience, _, _ = strings.Cut(value, ",") // the tenant's own comes first
		}
	}
	service, err := c.Admin.Get("/api/v1/namespaces/" + i.Namespace + "/services/" + deployment.GetName())
	if err != nil {
		return nil, err
	}
	i.Host = service.GetName() + "." + i.Namespace + ".svc"
	if i.network, err = newNetwork(); err != nil {
		return nil, err
	}
	c.stop = append(c.stop, i.Stop)
	i.IP = i.network.address.String()
	if i.ClusterIP = i.IP; v.Pod == "" {
		if err := i.behind(service, deployment.GetName()); err != nil {
			return nil, err
		}
	}
	i.Log = filepath.Join(c.Logs, i.logName("discovery")+".log")
	return i, i.containers(deployment, v)
}

// behind puts the Pod that the Deployment has behind its Service.
func (i *Istiod) behind(service *Object, deployment string) (err error) {
	if i.Pod, err = i.cluster.PodOf(i.Namespace, deployment); err != nil {
		return err
	}
	i.ClusterIP, _, _ = unstructured.NestedString(service.Object, "spec", "clusterIP")
	if err := i.cluster.runPodAt(i.Namespace, i.Pod, i.IP); err != nil {
		return err
	}
	i.service, err = serve(service, i.IP)
	return err
}

// logName is istiod's Service and namespace, and what else tells its containers
// and its Pods apart.
func (i *Istiod) logName(container string) string {
	name, _, _ := strings.Cut(i.Host, ".")
	if !strings.HasPrefix(i.Pod, name+"-") {
		name = i.Pod
	}
	name += "-in-" + i.Namespace
	if container != "discovery" {
		name += "-" + container
	}
	return name
}

// Ready waits until istiod is.
func (i *Istiod) Ready(limit time.Duration) error {
	return i.Discovery.process.ready(limit, func() error {
		_, err := get(http.DefaultClient, "http://"+i.IP+":8080/ready")
		return err
	})
}

// discovery is the Deployment that runs istiod, and its container.
func discovery(objects []*Object) (*Object, map[string]any, error) {
	for _, object := range objects {
		if object.GetKind() != "Deployment" {
			continue
		}
		containers, _, _ := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
		for _, item := range containers {
			if container := item.(map[string]any); container["name"] == "discovery" {
				return object, container, nil
			}
		}
	}
	return nil, nil, errors.New("no Deployment has a container discovery")
}

// PodOf waits for a pod of a Deployment and returns its name.
func (c *Cluster) PodOf(namespace, deployment string) (name string, err error) {
	err = Eventually(time.Minute, func() error {
		pods, err := c.Admin.Items("/api/v1/namespaces/" + namespace + "/pods")
		if err != nil {
			return err
		}
		for _, pod := range pods {
			if strings.HasPrefix(pod.GetName(), deployment+"-") {
				name = pod.GetName()
				return nil
			}
		}
		return fmt.Errorf("the controllers have made no pod of Deployment %s/%s", namespace, deployment)
	})
	return name, err
}

// caSecrets are the Secrets that an istiod takes its root from, with the key.
var caSecrets = [][2]string{{"cacerts", "root-cert.pem"}, {"cacerts", "ca.crt"}, {"istio-ca-secret", "ca-cert.pem"}}

// Roots are what proxies know its certificate by: its own CA's.
func (i *Istiod) Roots() (*x509.CertPool, error) {
	roots := x509.NewCertPool()
	return roots, Eventually(time.Minute, func() error {
		for _, s := range caSecrets {
			secret, err := i.cluster.Admin.Get("/api/v1/namespaces/" + i.Namespace + "/secrets/" + s[0])
			if err != nil {
				continue
			}
			encoded, _, _ := unstructured.NestedString(secret.Object, "data", s[1])
			text, err := base64.StdEncoding.DecodeString(encoded)
			if err == nil && roots.AppendCertsFromPEM(text) {
				return nil
			}
		}
		return fmt.Errorf("no Secret of %s has the root of its CA", i.Namespace)
	})
}

// Debug reads a page of istiod's debug port, as a program in its Pod does.
func (i *Istiod) Debug(path string) ([]byte, error) {
	inside := &http.Client{
		Transport: &http.Transport{DialContext: i.network.dial, DisableKeepAlives: true}}
	return get(inside, "http://127.0.0.1:8080"+path)
}

// Metric sums the samples of one of istiod's metrics.
func (i *Istiod) Metric(name string) (sum float64, err error) {
	text, err := get(http.DefaultClient, "http://"+i.IP+":15014/metrics")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if sample, _, _ := strings.Cut(line, "{"); len(fields) < 2 || (sample != name && fields[0] != name) {
			continue
		}
		value, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		if err != nil {
			return 0, fmt.Errorf("metric %s: %w", name, err)
		}
		sum += value
	}
	return sum, nil
}

func get(client *http.Client, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", url, response.Status)
	}
	return data, err
}
