package e2e

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
)

// credentials are what somebody shows to an istiod who would like to join its
// mesh.
type credentials struct {
	metadata    []string // pairs: of gRPC, and headers of HTTP
	certificate *tls.Certificate
	// impersonated is the identity that a certificate is asked for.
	impersonated string
}

// ports are all that an istiod may listen on, as its documentation has them:
// beside them are those that it is found to listen on.
var ports = []string{"8080", "9876", "15010", "15012", "15014", "15017"}

// join tries to join a mesh: it asks, on every port of the Pod and of the
// Service, in plaintext and with TLS, for a certificate, for what a proxy in
// namespace is told, incrementally and not, for a Secret, and for every page
// that shows something of the mesh. It returns what it was given.
func join(istiod *cluster.Istiod, namespace string, with credentials) (given []string, err error) {
	everybody, own, err := istiod.Listening()
	if err != nil {
		return nil, err
	}
	all := slices.Concat(ports, everybody, own)
	slices.Sort(all)
	var group sync.WaitGroup
	var mu sync.Mutex
	for _, port := range slices.Compact(all) {
		for _, address := range []string{istiod.IP, istiod.ClusterIP} {
			for _, encrypted := range []bool{false, true} {
				group.Go(func() {
					got := with.ask(istiod.Host, net.JoinHostPort(address, port), namespace, encrypted)
					mu.Lock()
					defer mu.Unlock()
					given = append(given, got...)
				})
			}
		}
	}
	// The webhooks' port of the Service has another number than the Pod's.
	group.Go(func() {
		got := with.ask(istiod.Host, net.JoinHostPort(istiod.ClusterIP, "443"), namespace, true)
		mu.Lock()
		defer mu.Unlock()
		given = append(given, got...)
	})
	group.Wait()
	slices.Sort(given)
	return given, nil
}

// somebody is the proxy of a Pod that there is not.
func somebody(namespace string) xds.Node {
	return xds.Node{Namespace: namespace, Pod: "somebody", IP: "10.97.99.99", Labels: map[string]string{"app": "details"}}
}

// ask is join on one port.
func (with credentials) ask(host, address, namespace string, encrypted bool) (given []string) {
	connection, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return nil
	}
	connection.Close()
	caller := xds.Caller{Address: address, Metadata: with.metadata}
	scheme := "http"
	if encrypted {
		// Who attacks does not care whom it talks to.
		caller.TLS = &tls.Config{ServerName: host, InsecureSkipVerify: true}
		if with.certificate != nil {
			caller.TLS.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return with.certificate, nil }
		}
		scheme = "https"
	}
	got := func(what string, err error) {
		if err == nil {
			given = append(given, fmt.Sprintf("%s from %s://%s", what, scheme, address))
		}
	}
	proxy := somebody(namespace)
	within := func(f func(context.Context) error) error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return f(ctx)
	}
	got("a certificate", within(func(ctx context.Context) error {
		_, err := caller.Sign(ctx, with.impersonated)
		return err
	}))
	got("clusters", within(func(ctx context.Context) error {
		_, err := caller.First(ctx, proxy, xds.Clusters)
		return err
	}))
	got("clusters, incrementally,", within(func(ctx context.Context) error {
		_, err := caller.FirstDelta(ctx, proxy, xds.Clusters)
		return err
	}))
	got("a Secret", within(func(ctx context.Context) error {
		gateway := proxy
		gateway.Gateway = true
		response, err := caller.First(ctx, gateway, xds.Secrets, "kubernetes://credential")
		if err == nil && len(response.Resources) == 0 {
			err = errors.New("none is there, or it is for others")
		}
		return err
	}))
	got("a page over xDS", within(func(ctx context.Context) error {
		_, err := caller.First(ctx, proxy, xds.Debug, "config_dump?proxyID=member."+namespace)
		return err
	}))
	got("the proxies", within(func(ctx context.Context) error {
		response, err := caller.First(ctx, proxy, xds.Statuses)
		if err == nil && len(response.Resources) == 0 {
			err = errors.New("none is there, or they are for others")
		}
		return err
	}))
	for _, page := range []string{"syncz", "registryz", "configz", "endpointz", "config_dump?proxyID=member." + namespace, "krtz", "inject", "mesh"} {
		got("/debug/"+page, with.page(scheme+"://"+address+"/debug/"+page, caller.TLS))
	}
	return given
}

func (with credentials) page(url string, config *tls.Config) error {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	for pair := range slices.Chunk(with.metadata, 2) {
		request.Header.Set(pair[0], pair[1])
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", url, response.Status)
	}
	return err
}
