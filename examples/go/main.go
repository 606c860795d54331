// SPDX-License-Identifier: MIT

// An application behind nginx that knows who is there: ../README.md. It verifies ES256 with Go's standard library alone; with other keys use a JWT library.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

var (
	port     = setting("PORT", "3000")
	issuer   = setting("BASE_URL", "http://127.0.0.1:8080")
	audience = setting("AUDIENCE", issuer)
	jwksURL  = setting("JWKS_URL", issuer+"/auth/oauth/jwks.json")
	client   = http.Client{Timeout: 5 * time.Second}
)

type claims struct {
	Issuer   string `json:"iss"`
	Audience string `json:"aud"`
	Subject  string `json:"sub"`
	Expires  int64  `json:"exp"`
	User     string `json:"user"`
}

// keySet keeps the published keys for five minutes and fetches them again for an unknown kid, at most twice a minute.
type keySet struct {
	lock    sync.Mutex
	keys    map[string]*ecdsa.PublicKey
	fetched time.Time
}

func coordinate(text string) (*big.Int, error) {
	bytes, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(bytes) != 32 {
		return nil, errors.New("a coordinate is not one of P-256")
	}
	return new(big.Int).SetBytes(bytes), nil
}

func fetchKeys() (map[string]*ecdsa.PublicKey, error) {
	answer, err := client.Get(jwksURL)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var set struct {
		Keys []struct{ Kid, Kty, Crv, X, Y string }
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the keys: %s", answer.Status)
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&set); err != nil {
		return nil, err
	}
	keys := map[string]*ecdsa.PublicKey{}
	for _, key := range set.Keys {
		if key.Kty != "EC" || key.Crv != "P-256" {
			continue
		}
		x, errX := coordinate(key.X)
		y, errY := coordinate(key.Y)
		if errX == nil && errY == nil && elliptic.P256().IsOnCurve(x, y) {
			keys[key.Kid] = &ecdsa.PublicKey{Curve: elliptic.P256(), X: x, Y: y}
		}
	}
	return keys, nil
}

func (set *keySet) find(kid string) (*ecdsa.PublicKey, error) {
	set.lock.Lock()
	defer set.lock.Unlock()
	age := time.Since(set.fetched)
	if set.keys == nil || age > 5*time.Minute || (set.keys[kid] == nil && age > 30*time.Second) {
		keys, err := fetchKeys()
		if err != nil {
			return nil, err
		}
		set.keys, set.fetched = keys, time.Now()
	}
	if key := set.keys[kid]; key != nil {
		return key, nil
	}
	return nil, errors.New("unknown kid")
}

var keys keySet

func decode(part string, into interface{}) error {
	bytes, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(bytes, into)
}

// whoIs gives the payload of a valid token; every error means: nobody.
func whoIs(token string) (json.RawMessage, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > 16384 {
		return nil, errors.New("no token")
	}
	var header struct{ Alg, Kid string }
	if err := decode(parts[0], &header); err != nil || header.Alg != "ES256" {
		return nil, errors.New("not signed with ES256")
	}
	key, err := keys.find(header.Kid)
	if err != nil {
		return nil, err
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(signature) != 64 {
		return nil, errors.New("no signature")
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		return nil, errors.New("another signature")
	}
	var payload json.RawMessage
	var user claims
	if decode(parts[1], &payload) != nil || json.Unmarshal(payload, &user) != nil {
		return nil, errors.New("no claims")
	}
	if user.Issuer != issuer || user.Audience != audience || user.Subject == "" || time.Now().Unix() >= user.Expires {
		return nil, errors.New("another issuer or audience, or expired")
	}
	return payload, nil
}

func handle(response http.ResponseWriter, request *http.Request) {
	payload, err := whoIs(request.Header.Get("X-OAuth-Identity"))
	if err != nil {
		log.Print("refused: ", err)
		http.Error(response, "No valid identity.", http.StatusUnauthorized)
		return
	}
	response.Header().Set("Content-Type", "application/json")
	response.Header().Set("Cache-Control", "no-store")
	response.Write(payload)
}

func main() {
	fmt.Println("http://127.0.0.1:" + port + "/")
	server := http.Server{Addr: "127.0.0.1:" + port, Handler: http.HandlerFunc(handle), ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}
