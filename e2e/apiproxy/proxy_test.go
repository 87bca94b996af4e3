package apiproxy

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// proxy is the real program.
type proxy struct {
	t       testing.TB
	program string
	args    []string
	dir     string // where its kubeconfig is
	token   string // the file with istiod's token
	listen  string
	metrics string
	log     string
	process *exec.Cmd
	starts  int
}

// options of a proxy.
type options struct {
	program    string // race or plain
	name       string
	apiServer  string
	ca         []byte
	namespaces []string
	args       []string // further ones
}

// newProxy starts a proxy, which ends with the test.
func (s *stage) newProxy(o options) *proxy {
	p := &proxy{t: s.t, program: filepath.Join(tools, o.program), dir: s.t.TempDir(),
		token: s.file("token", []byte(s.token())), log: filepath.Join(logs, o.name+".log"),
		listen: freeAddress(s.t), metrics: freeAddress(s.t)}
	p.args = append([]string{"api-proxy", "--api-server", o.apiServer, "--certificate-authority", s.file("ca.crt", o.ca),
		"--token-file", p.token, "--dir", p.dir, "--listen", p.listen, "--metrics", p.metrics,
		"--namespace", strings.Join(o.namespaces, ",")}, o.args...)
	p.start()
	s.t.Cleanup(p.stop)
	return p
}

func freeAddress(t testing.TB) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// start starts the proxy, also after kill, and returns when it is ready.
func (p *proxy) start() {
	p.t.Helper()
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	require.NoError(p.t, err)
	defer log.Close()
	p.starts++
	fmt.Fprintf(log, "# start %d: %s %q\n", p.starts, p.program, p.args)
	p.process = exec.Command(p.program, p.args...)
	p.process.Stdout, p.process.Stderr = log, log
	p.process.Env = []string{"GORACE=halt_on_error=0"}
	require.NoError(p.t, p.process.Start())
	require.NoError(p.t, cluster.Eventually(20*time.Second, func() error {
		_, err := p.get("/readyz")
		return err
	}), "the proxy's log is %s", p.log)
}

// kill ends the proxy without a word.
func (p *proxy) kill() {
	p.process.Process.Kill()
	p.process.Wait() // its error is the signal
}

// stop ends the proxy as a kubelet does, and looks for what the race detector said.
func (p *proxy) stop() {
	p.process.Process.Signal(syscall.SIGTERM)
	p.process.Wait()
	text, err := os.ReadFile(p.log)
	require.NoError(p.t, err)
	require.NotContains(p.t, string(text), "DATA RACE", "the proxy's log is %s", p.log)
	require.NotContains(p.t, string(text), "panic:", "the proxy's log is %s", p.log)
}

func (p *proxy) get(path string) (string, error) {
	response, err := http.Get("http://" + p.metrics + path)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status + ": " + string(text))
	}
	return string(text), err
}

// metric is the sum of a metric over its labels.
func (p *proxy) metric(name string) float64 {
	p.t.Helper()
	text, err := p.get("/metrics")
	require.NoError(p.t, err)
	sum, found := 0.0, false
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) != 2 || (fields[0] != name && !strings.HasPrefix(fields[0], name+"{")) {
			continue
		}
		value, err := strconv.ParseFloat(fields[1], 64)
		require.NoError(p.t, err)
		sum, found = sum+value, true
	}
	require.True(p.t, found, "the proxy has no metric %s:\n%s", name, text)
	return sum
}

// usage is what the kernel says of the proxy: resident bytes, and time on the processor.
func (p *proxy) usage() (resident int, cpu time.Duration) {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.inProc(), "stat"))
	require.NoError(p.t, err)
	// What follows the name of the program in parentheses; see proc(5).
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	number := func(n int) int {
		value, err := strconv.Atoi(fields[n-3])
		require.NoError(p.t, err)
		return value
	}
	const utime, stime, rss, ticks = 14, 15, 24, 100
	return number(rss) * os.Getpagesize(), time.Duration(number(utime)+number(stime)) * time.Second / ticks
}

// inProc is where the kernel tells of the proxy. /proc is the machine's, whose numbers
// are not those of this process namespace.
func (p *proxy) inProc() string {
	p.t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(p.t, err)
	for _, path := range processes {
		text, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(text), "api-proxy\x00") && strings.Contains(string(text), p.listen+"\x00") {
			return filepath.Dir(path)
		}
	}
	require.Fail(p.t, "the proxy does not run", "its log is %s", p.log)
	return ""
}

// kubeconfig is what the proxy wrote for istiod.
func (p *proxy) kubeconfig() string { return filepath.Join(p.dir, "config") }

// endpoint is the proxy as its kubeconfig tells: address, authority, and the file with the
// token, which is read for each request.
func (p *proxy) endpoint(version string) endpoint {
	text, err := os.ReadFile(p.kubeconfig())
	require.NoError(p.t, err)
	var config struct {
		Clusters []struct {
			Cluster struct {
				Server    string `json:"server"`
				Authority string `json:"certificate-authority-data"`
				File      string `json:"certificate-authority"`
			} `json:"cluster"`
		} `json:"clusters"`
		Users []struct {
			User struct {
				TokenFile string `json:"tokenFile"`
			} `json:"user"`
		} `json:"users"`
	}
	require.NoError(p.t, yaml.Unmarshal(text, &config))
	require.Len(p.t, config.Clusters, 1)
	require.Len(p.t, config.Users, 1)
	roots, err := base64.StdEncoding.DecodeString(config.Clusters[0].Cluster.Authority)
	require.NoError(p.t, err)
	if file := config.Clusters[0].Cluster.File; file != "" {
		roots, err = os.ReadFile(file)
		require.NoError(p.t, err)
	}
	return newEndpoint(config.Clusters[0].Cluster.Server, roots, version, func() (string, error) {
		token, err := os.ReadFile(config.Users[0].User.TokenFile)
		return strings.TrimSpace(string(token)), err
	})
}

// rotate replaces the token as a kubelet does: at once.
func (p *proxy) rotate(token string) {
	fresh := p.token + ".new"
	require.NoError(p.t, os.WriteFile(fresh, []byte(token), 0o600))
	require.NoError(p.t, os.Rename(fresh, p.token))
}
