package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/apiproxy"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/diagnostic"
)

const (
	nodesOption = "nodes"
	accountDir  = "/var/run/secrets/kubernetes.io/serviceaccount"
	metricsFlag = "metrics"
	metricsAt   = ":15094"
	listenAt    = "127.0.0.1:16443"
)

func apiProxyCommand(s Streams) *cobra.Command {
	f := apiProxyFlags{environment: os.Getenv}
	cmd := &cobra.Command{
		Use:   "api-proxy --namespace NAME...",
		Short: "Serve a view of the API server that has a tenant's namespaces only",
		Long: `Serve a view of the API server that has a tenant's namespaces only, for an
istiod in the same Pod, until SIGTERM.

istiod lists and watches all namespaces. The proxy replaces each such request by one
request for each of the tenant's namespaces, and merges the answers. It forwards every
other request unchanged. All requests carry the token that istiod sent. The proxy has
no credential of its own, and gives istiod nothing that the API server's RBAC denies it.

DIR/config is the kubeconfig for istiod, which reads it once. DIR also keeps the key
that istiod trusts, so that istiod trusts a proxy that was restarted. DIR must exist as
long as the Pod. If the proxy has to make a new key, a warning says that istiod must be
restarted.

/readyz says that the kubeconfig is written and that the view accepts
connections, but not that the API server can be reached; /livez says that the
process answers; /metrics is for Prometheus. Logs are JSON, one line each, on
stderr, and hold no tokens.`,
		Example: `  # In the Pod of the istiod of a tenant with the namespaces istio-system1 and ns-1.
  istio-tenancy api-proxy --namespace=istio-system1,ns-1 \
    --only=mutatingwebhookconfigurations.admissionregistration.k8s.io=istio-sidecar-injector-sales-istio-system1

  # Outside of a cluster, to see what istiod sees.
  istio-tenancy api-proxy --namespace=ns-1 --api-server=https://10.0.0.1:6443 \
    --certificate-authority=ca.crt --token-file=token --dir=proxy
  kubectl --kubeconfig=proxy/config get services --all-namespaces`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
					return fmt.Errorf("%s: %s: did you mean %s?", cmd.Name(), found(args), strings.Join(near, " or "))
				}
			}
			return noArguments(cmd, args)
		},
		SuggestionsMinimumDistance: 2,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.config()
			if err != nil {
				return diagnostic.InEachLine("api-proxy", err)
			}
			c.Log = slog.New(slog.NewJSONHandler(s.Err, nil))
			debug.SetGCPercent(100) // it lives for long, and memory counts
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			if err := apiproxy.Run(ctx, c); err != nil {
				return fmt.Errorf("api-proxy: %w", err)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVar(&f.namespaces, "namespace", nil, "`NAME` of a namespace of the tenant, also of its control plane's; repeatable, or a list with commas")
	flags.StringArrayVar(&f.only, "only", nil, "`RESOURCE[.GROUP]=NAMES`, with commas: the only visible objects of a cluster-scoped resource; repeatable (default for namespaces those of --namespace, and for nodes none)")
	flags.BoolVar(&f.nodes, "nodes", false, "list and watch all nodes, for which istiod needs the right")
	flags.StringVar(&f.server, "api-server", "", "`URL` of the API server (default https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT)")
	flags.StringVar(&f.Authority, "certificate-authority", accountDir+"/ca.crt", "`FILE` with the CA certificates that verify the API server; read again when it changes")
	flags.StringVar(&f.TokenFile, "token-file", accountDir+"/token", "`FILE` with istiod's token, which the kubeconfig names; the proxy does not read it")
	flags.StringVar(&f.Dir, "dir", "/var/run/secrets/remote", "`DIR` for the kubeconfig and the key; created if it does not exist")
	flags.StringVar(&f.Listen, "listen", listenAt, "`ADDRESS` to serve the view on, of the loopback interface (TLS, HTTP/2 and HTTP/1.1)")
	flags.StringVar(&f.Metrics, metricsFlag, metricsAt, "`ADDRESS` to serve /metrics, /readyz and /livez on (plain HTTP)")
	ready := apiProxyReadyCommand()
	ready.Flags().VisitAll(onlyOnce)
	cmd.AddCommand(ready)
	return cmd
}

// apiProxyFlags are what was given.
type apiProxyFlags struct {
	apiproxy.Config
	namespaces, only []string
	nodes            bool
	server           string
	environment      func(string) string
}

// config is what the flags say, all mistakes at once.
func (f apiProxyFlags) config() (apiproxy.Config, error) {
	c := f.Config
	f.namespaces = splitAll(f.namespaces)
	c.Namespaces = f.namespaces
	var errs []error
	if len(f.namespaces) == 0 {
		errs = append(errs, fmt.Errorf("--namespace is missing: must be the tenant's namespaces, such as: %s api-proxy --namespace=istio-system1,ns-1", program))
	}
	for _, name := range f.namespaces {
		switch {
		case name == "":
			errs = append(errs, errors.New("--namespace: found an empty name: a comma is doubled, or is the first or the last"))
		case !label.MatchString(name):
			errs = append(errs, fmt.Errorf("--namespace: found %q: must be the name of a namespace", name))
		}
	}
	var err error
	if c.Only, err = f.onlyThese(); err != nil {
		errs = append(errs, err)
	}
	if c.Server, err = f.serverURL(); err != nil {
		errs = append(errs, err)
	}
	if f.TokenFile == "" {
		errs = append(errs, errors.New("--token-file: found an empty path: must be the file in which istiod finds its token, or not be given"))
	}
	if c.TokenFile, err = filepath.Abs(f.TokenFile); err != nil { // a kubeconfig's paths are relative to itself
		errs = append(errs, err)
	}
	host, _, err := net.SplitHostPort(f.Listen)
	switch {
	case err != nil:
		errs = append(errs, fmt.Errorf("--listen: found %q: must be an address and a port, such as %s", f.Listen, listenAt))
	case !isLoopback(host):
		errs = append(errs, fmt.Errorf("--listen: found %q: must be an address of the loopback interface, such as %s, because no other Pod may reach the view", f.Listen, listenAt))
	}
	if _, _, err := net.SplitHostPort(f.Metrics); err != nil {
		errs = append(errs, fmt.Errorf("--%s: found %q: must be an address and a port, such as %s", metricsFlag, f.Metrics, metricsAt))
	}
	return c, errors.Join(errs...)
}

// splitAll splits lists at their commas, and nowhere else.
func splitAll(lists []string) []string {
	var all []string
	for _, list := range lists {
		all = append(all, strings.Split(list, ",")...)
	}
	return all
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

var (
	label      = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	plural     = regexp.MustCompile(`^[a-z][a-z0-9-]*(\.[a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$`)
	objectName = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.:]*[A-Za-z0-9])?$`)
)

func (f apiProxyFlags) onlyThese() (map[string][]string, error) {
	given := map[string][]string{}
	var errs []error
	for _, text := range f.only {
		resource, list, found := strings.Cut(text, "=")
		if !found || !plural.MatchString(resource) {
			errs = append(errs, fmt.Errorf("--only: found %q: must be RESOURCE=NAMES or RESOURCE.GROUP=NAMES, such as namespaces=ns-1,ns-2", text))
			continue
		}
		if _, again := given[resource]; again {
			errs = append(errs, fmt.Errorf("--only: found %s twice: must be given once, with all names", resource))
		}
		given[resource] = []string{}
		for name := range strings.SplitSeq(list, ",") {
			switch {
			case list == "":
			case !objectName.MatchString(name):
				errs = append(errs, fmt.Errorf("--only: %s: found %q: must be the name of an object", resource, name))
			default:
				given[resource] = append(given[resource], name)
			}
		}
	}
	if _, named := given[nodesOption]; named && f.nodes {
		errs = append(errs, errors.New("--nodes and --only nodes=...: found both: must be one of them, for all nodes or for the named ones"))
	}
	only := map[string][]string{"namespaces": f.namespaces, nodesOption: {}}
	maps.Copy(only, given)
	if f.nodes {
		delete(only, nodesOption)
	}
	return only, errors.Join(errs...)
}

func (f apiProxyFlags) serverURL() (*url.URL, error) {
	text := f.server
	if text == "" {
		host, port := f.environment("KUBERNETES_SERVICE_HOST"), f.environment("KUBERNETES_SERVICE_PORT")
		if host == "" || port == "" {
			return nil, errors.New("--api-server is missing: must be a URL, unless KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are in the environment, as in each Pod")
		}
		text = "https://" + net.JoinHostPort(host, port)
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.User != nil || strings.ContainsAny(text, "?#") || !isAddress(u) {
		return nil, fmt.Errorf("--api-server: found %q: must be a URL such as https://10.0.0.1:6443, with https, because tokens are sent there", text)
	}
	return u, nil
}

// isAddress is whether a URL has a host, and a port that is none or can be one.
func isAddress(u *url.URL) bool {
	if u.Hostname() == "" || strings.HasSuffix(u.Host, ":") {
		return false
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	return u.Port() == "" || err == nil && port != 0
}

func apiProxyReadyCommand() *cobra.Command {
	var address string
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "ready",
		Short: "Say whether the api-proxy on this machine is ready",
		Long: `Ask the api-proxy on this machine whether it is ready: exit 0 if it is, else 1,
with the reason on stderr. The probe of the container runs this command. With --wait it
asks again until the proxy is ready or the time is over, as the postStart hook of the
container does.`,
		Example: `  istio-tenancy api-proxy ready`,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if wait < 0 {
				return fmt.Errorf("--wait: found %s: must be 0 or more, such as 5m", wait)
			}
			end := time.Now().Add(wait)
			for {
				err := askReady(cmd.Context(), address)
				if err == nil {
					return nil
				}
				if cmd.Context().Err() != nil || time.Now().After(end) {
					return fmt.Errorf("api-proxy is not ready: %w", err)
				}
				time.Sleep(200 * time.Millisecond)
			}
		},
	}
	cmd.Flags().StringVar(&address, metricsFlag, metricsAt, "`ADDRESS` of the same flag of the api-proxy")
	cmd.Flags().DurationVar(&wait, "wait", 0, "ask again for this `DURATION`, such as 5m")
	return cmd
}

func askReady(ctx context.Context, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("--%s: found %q: must be an address and a port, such as %s", metricsFlag, address, metricsAt)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := (&http.Transport{}).RoundTrip(request) // no proxy of the environment's
	if err != nil {
		return err
	}
	defer response.Body.Close() // was only read
	if response.StatusCode == http.StatusOK {
		return nil
	}
	why, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	return errors.Join(fmt.Errorf("%s: %s", response.Status, strings.TrimSpace(string(why))), err)
}
