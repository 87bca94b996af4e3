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
	"os"
	"time"
)

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
		claims.Issuer = issuer
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
