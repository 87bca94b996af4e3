package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// limit is how long an attempt waits for an answer.
const limit = 2 * time.Second

func connect(args []string) (string, error) {
	conn, err := net.DialTimeout(args[0], args[1], limit)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return "connected from " + conn.LocalAddr().String(), nil
}

// datagram waits for an answer, without which nobody knows whether one arrived.
func datagram(args []string) (string, error) {
	conn, err := net.DialTimeout("udp", args[0], limit)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("?")); err != nil {
		return "", err
	}
	answer := make([]byte, 512)
	if err := conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return "", err
	}
	n, err := conn.Read(answer)
	return string(answer[:n]), err
}

// client believes every certificate: the attacker wants an answer, whoever gives it.
var client = &http.Client{Timeout: 2 * limit, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

func get(args []string) (string, error) {
	token := ""
	if len(args) > 1 {
		text, err := os.ReadFile(args[1])
		if err != nil {
			return "", err
		}
		token = string(text)
	}
	return ask(http.MethodGet, args[0], "", token)
}

func post(args []string) (string, error) { return ask(http.MethodPost, args[0], args[1], "") }

// ask fails for every answer but a good one.
func ask(method, url, body, token string) (string, error) {
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err == nil && response.StatusCode >= 300 {
		err = fmt.Errorf("answered %s", response.Status)
	}
	return string(text), err
}

func lookup(args []string) (string, error) {
	found, err := net.LookupHost(args[0])
	return strings.Join(found, " "), err
}

// redirect sends whoever asks elsewhere, as a probe of the kubelet's.
func redirect(args []string) (string, error) {
	return "", http.ListenAndServe(":"+args[0], http.RedirectHandler(args[1], http.StatusFound))
}
