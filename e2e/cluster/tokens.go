package cluster

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ServiceAccountToken is a fresh token, as a kubelet asks for it; without
// audiences, it is for the API server.
func (c *Cluster) ServiceAccountToken(namespace, name string, audiences ...string) (string, error) {
	return c.token(namespace, name, nil, audiences...)
}

// token is bound to a pod, if there is one that is stored.
func (c *Cluster) token(namespace, name string, pod *Object, audiences ...string) (string, error) {
	path := "/api/v1/namespaces/" + namespace + "/serviceaccounts/" + name + "/token"
	spec := map[string]any{"expirationSeconds": 7200, "audiences": audiences}
	if pod != nil && pod.GetUID() != "" {
		spec["boundObjectRef"] = map[string]any{"apiVersion": "v1", "kind": "Pod", "name": pod.GetName(), "uid": pod.GetUID()}
	}
	body, err := json.Marshal(map[string]any{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec})
	if err != nil {
		return "", err
	}
	answer, err := c.Admin.Do(http.MethodPost, path, string(body))
	if err != nil {
		return "", err
	}
	token, err := TokenIn(answer)
	if err != nil {
		return "", fmt.Errorf("token of ServiceAccount %s/%s: %w", namespace, name, err)
	}
	return token, nil
}

// TokenIn is the token that an answer to a TokenRequest holds.
func TokenIn(answer Answer) (string, error) {
	var token struct{ Status struct{ Token string } }
	if err := answer.Error(); err != nil {
		return "", err
	}
	err := json.Unmarshal(answer.Body, &token)
	return token.Status.Token, err
}

// ProxyToken is a token of a ServiceAccount for this istiod, as the kubelet gives
// it to a proxy.
func (i *Istiod) ProxyToken(namespace, name string) (string, error) {
	return i.cluster.ServiceAccountToken(namespace, name, i.Audience)
}

// TokenOf is what the kubelet gives to the proxy of a pod: the token of the
// volume that is called istio-token, for the audience that the pod states there,
// bound to the pod if that is stored.
func (c *Cluster) TokenOf(pod *Object) (string, error) {
	account, _, _ := unstructured.NestedString(pod.Object, "spec", "serviceAccountName")
	volumes, _, _ := unstructured.NestedSlice(pod.Object, "spec", "volumes")
	for _, item := range volumes {
		volume := item.(map[string]any)
		if volume["name"] != "istio-token" {
			continue
		}
		sources, _, _ := unstructured.NestedSlice(volume, "projected", "sources")
		for _, source := range sources {
			audience, _, _ := unstructured.NestedString(source.(map[string]any), "serviceAccountToken", "audience")
			if audience != "" {
				return c.token(pod.GetNamespace(), account, pod, audience)
			}
		}
	}
	return "", fmt.Errorf("%s has no volume istio-token with an audience", ID(pod))
}

// Claims are what a token of a ServiceAccount says.
type Claims struct {
	Issuer, Audience, Namespace, Name string
	Expires                           time.Time
}

// Forge makes a token as the API server would, with whatever claims, and with
// the API server's own key if key is nil. It stands for what the API server
// signed another time, and with another key, for what somebody else did.
func (c *Cluster) Forge(claims Claims, key *rsa.PrivateKey) (string, error) {
	account, err := c.Admin.Get("/api/v1/namespaces/" + claims.Namespace + "/serviceaccounts/" + claims.Name)
	if err != nil {
		return "", err
	}
	if key == nil {
		text, err := os.ReadFile(c.file("sa.key"))
		if err != nil {
			return "", err
		}
		block, _ := pem.Decode(text)
		if block == nil {
			return "", errors.New("sa.key: no PEM")
		}
		if key, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
			return "", err
		}
	}
	if claims.Issuer == "" {
		claims.Issuer = Issuer
	}
	body, err := json.Marshal(map[string]any{
		"iss": claims.Issuer, "aud": []string{claims.Audience}, "exp": claims.Expires.Unix(),
		"iat": claims.Expires.Add(-time.Hour).Unix(), "nbf": claims.Expires.Add(-time.Hour).Unix(),
		"sub": "system:serviceaccount:" + claims.Namespace + ":" + claims.Name,
		"kubernetes.io": map[string]any{"namespace": claims.Namespace,
			"serviceaccount": map[string]any{"name": claims.Name, "uid": account.GetUID()}},
	})
	if err != nil {
		return "", err
	}
	signed := encode([]byte(`{"alg":"RS256"}`)) + "." + encode(body)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	return signed + "." + encode(signature), err
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }
