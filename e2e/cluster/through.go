package cluster

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"sigs.k8s.io/yaml"
)

// Through acts as whoever the token stands for, in istiod's Pod, by what KUBECONFIG
// says there: through the API proxy.
func (i *Istiod) Through(token string) (*Client, error) {
	const folder = "/var/run/secrets/remote"
	for _, m := range i.Discovery.mounts {
		if m.path != folder {
			continue
		}
		text, err := os.ReadFile(filepath.Join(m.folder, "config"))
		if err != nil {
			return nil, err
		}
		var config struct {
			Clusters []struct {
				Cluster struct {
					Server string
					CA     []byte `json:"certificate-authority-data"`
				}
			}
		}
		if err := yaml.Unmarshal(text, &config); err != nil || len(config.Clusters) != 1 {
			return nil, fmt.Errorf("%s/config has %d clusters: %w", folder, len(config.Clusters), err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(config.Clusters[0].Cluster.CA)
		return &Client{host: config.Clusters[0].Cluster.Server, token: token, http: &http.Client{
			Timeout: time.Minute,
			Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true,
				DialContext: i.network.dial},
		}}, nil
	}
	return nil, fmt.Errorf("istiod of %s mounts nothing at %s", i.Namespace, folder)
}

// Dial connects to a port of the Pod from outside.
func (i *Istiod) Dial(port string) error { return dial(i.IP + ":" + port) }
