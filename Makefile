# This needs only Go, git and make; kustomize is a tool of go.mod.

KUSTOMIZE := PATH="$(CURDIR)/bin:$$PATH" bin/kustomize build --enable-alpha-plugins --enable-exec
MODULE    := github.com/istio-tenancy/istio-tenancy
MANIFESTS ?= ../shared/manifests
SOAK      ?= 30m
FOR       ?= 1h
TENANTS   ?= 20,200
TOOL      ?= flux
PLATFORMS ?= all
IMAGE     ?= ghcr.io/istio-tenancy/istio-tenancy
# Tools for releases and for the list of components, in versions that the module proxy has.
GORELEASER := v2.15.1
CYCLONEDX  := v1.10.0
GOLANGCI   := v2.15.0
GOVULNCHECK := v1.9.0
# The Go vulnerability database is a Go module, too, of which the proxy has the newest.
VULNDB     ?= v0.0.0-20261105234957-e22db6528018
# The race detector needs a C compiler. It is used only for packages with concurrent
# code, which contain one of the words below. For all others, it would only take six times
# as long. Scripts (testscript) run concurrently as well: they call the same code as the
# tests of sidebyside, and the commands that they start are built without the detector.
# Each test of render renders overlays concurrently in the same way, so some are enough.
RACE      := $(shell command -v "$$(go env CC)" >/dev/null && echo -race)
RENDER    := ./plugin/internal/render
CONCURRENT = $(filter-out $(RENDER),$(sort $(patsubst %/,./%,$(dir $(shell grep -rlE '\bgo func\b|\.Go\b|t\.Parallel\b' --include='*.go' plugin)))))

.DEFAULT_GOAL := help
.PHONY: help build demo image snapshot release release-tools test e2e e2e-api e2e-apiproxy e2e-release e2e-pods e2e-node e2e-node-open e2e-gitops e2e-gitops-open e2e-soak bench bench-gitops manifests compare istio istio-accept lint golangci vulnerabilities generate kinds clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "%-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build bin/istio-tenancy and bin/kustomize.
	go build -ldflags '-s -w' -o bin/ ./plugin/cmd/istio-tenancy
	go build -ldflags '-s -w' -o bin/kustomize sigs.k8s.io/kustomize/kustomize/v5

demo: build ## Render every tenant below overlays/ into demo/, and describe each tenant.
	@rm -rf demo && mkdir demo
	@set -e; for dir in bases/istio/common $(patsubst %/kustomization.yaml,%,$(wildcard overlays/*/kustomization.yaml)); do \
		$(KUSTOMIZE) $$dir -o demo/$$(basename $$dir).yaml; \
	done
	@bin/istio-tenancy summary demo/*.yaml

image: ## Build the container image in dist/image, in the OCI image layout; with PUSH=registry.example/istio-tenancy:v1, push it there.
	rm -rf dist/image
	go run ./plugin/internal/image/make -o dist/image $(if $(PUSH),-push '$(PUSH)')

snapshot: release-tools ## Build the files of a release in dist/, from this commit, and publish nothing; PLATFORMS=linux: only for Linux.
	PATH="$(CURDIR)/bin:$$PATH" PACKAGES_TOKEN= PLATFORMS=$(PLATFORMS) goreleaser release --snapshot --clean --skip=publish

release: release-tools ## Publish a release of the tag that is checked out, with its image; CI runs this.
	PATH="$(CURDIR)/bin:$$PATH" goreleaser release --clean
	rm -rf dist/image
	go run ./plugin/internal/image/make -o dist/image -push $(IMAGE):$$(git describe --exact-match --tags)

release-tools:
	@GOBIN=$(CURDIR)/bin go install github.com/goreleaser/goreleaser/v2@$(GORELEASER)
	@GOBIN=$(CURDIR)/bin go install github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$(CYCLONEDX)

test: ## Run all tests except e2e. (lint runs vet.)
	@failed=; set -x; \
	go test -vet=off -timeout 40m $(filter-out $(CONCURRENT:./%=$(MODULE)/%),$(shell go list ./...)) || failed=1; \
	go test -vet=off -timeout 40m $(RACE) $(CONCURRENT) || failed=1; \
	go test -vet=off -timeout 40m $(RACE) -run 'SameTime|AnyTime|Shipped|OnlyWhatChanges' $(RENDER) || failed=1; \
	{ test -z "$$failed"; } 2>/dev/null

# Most of the time, the tests of one lane wait, while those of the other compute: with
# make -j2 -Otarget e2e, both run at the same time.
e2e: e2e-api e2e-apiproxy e2e-pods ## Run the tests on a real API server with real istiods, and with Pods on real nodes; the first run builds the servers.

e2e-api: ## Run only the e2e tests on an API server and istiods.
	cd e2e/flux && go test -count=1 ./...
	cd e2e/prometheus && go test -count=1 ./...
	cd e2e/kiali && go test -count=1 ./...
	cd e2e/network && go test -count=1 ./...
	cd e2e/connections && go test -count=1 ./...
	cd e2e/page && go test -count=1 ./...
	cd e2e && go test -count=1 ./image ./servers
	cd e2e && go test -count=1 -timeout 60m -v .

e2e-release: snapshot ## Build the files of a release, and test them as a user without a clone.
	$(MAKE) image
	cd e2e && PLATFORMS=$(PLATFORMS) go test -count=1 -v ./release

e2e-apiproxy: ## Run only the e2e tests of the API proxy, on their own API server.
	cd e2e && go test -count=1 -timeout 20m -v ./apiproxy

e2e-pods: ## Run only the e2e tests with Pods, one node after the other; needs root, and installs Debian packages.
	cd e2e && go test -count=1 -timeout 60m -v -p 1 ./node ./gitops/...

e2e-node: ## Run only the e2e tests with Pods on a node without a GitOps tool.
	cd e2e && go test -count=1 -timeout 30m -v ./node

e2e-node-open: ## Start that node, and keep it running for an hour, or FOR=4h, to look around.
	cd e2e && go test -count=1 -timeout 0 -v -run TestOpen ./node -open $(FOR)

e2e-gitops: ## Run only the e2e tests with the real controllers of Flux and Argo CD.
	cd e2e && go test -count=1 -timeout 60m -v -p 1 ./gitops/...

e2e-gitops-open: ## Start such a node with examples/flux applied, or TOOL=argocd, and keep it running for an hour, or FOR=4h.
	cd e2e && go test -count=1 -timeout 0 -v -run TestOpen ./gitops/$(TOOL) -open $(FOR)

e2e-soak: ## Run the API proxy for half an hour, or SOAK=8h, with watches that time out.
	cd e2e && go test -count=1 -timeout 0 -v -run TestSoak ./apiproxy -soak $(SOAK)

bench: build ## Measure render for up to 10,000 tenants compared with sed, helm and kustomize; a tenant's build; and the API proxy, if make e2e has built its servers.
	GOBIN=$(CURDIR)/bin go install helm.sh/helm/v4/cmd/helm@$$(go list -m -f '{{.Version}}' helm.sh/helm/v4)
	go run ./plugin/internal/render/bench -bin bin -charts "$$(go list -m -f '{{.Dir}}' istio.io/istio)/manifests/charts/istio-control/istio-discovery"
	go test -run '^$$' -bench . -benchtime 20x ./plugin/internal/shipped ./plugin/internal/release
	cd e2e && go test -run '^$$' -bench . -benchtime 1x ./apiproxy

bench-gitops: ## Measure 20 and then 200 tenants, or TENANTS=5,50, with Flux and Argo CD on a real node; needs root.
	cd e2e && go test -run '^$$' -bench Tenants -benchtime 1x -timeout 0 -p 1 ./gitops/... -tenants '$(TENANTS)'

manifests: ## Create upstream's manifests for the tests, for the versions that the Go module proxy has.
	go run ./plugin/internal/oracle/upstream/make -o .manifests -else $(MANIFESTS)

compare: manifests ## Count the fields that sed, kustomize's namespace: and istio-tenancy get wrong.
	go run ./plugin/internal/oracle/compare .manifests $(MANIFESTS)

istio: ## Move to another version of Istio, and list what to check: make istio VERSION=1.32.0
	go run ./plugin/internal/istio/update -version '$(VERSION)'

istio-accept: ## Record that everything in go.mod's version of Istio was checked.
	go run ./plugin/internal/istio/update -accept

lint: ## Check formatting, vet and go.mod. (test checks golden files.)
	@test -z "$$(gofmt -l . | tee /dev/stderr)"
	go vet ./...
	go mod tidy -diff

golangci: ## Run golangci-lint in each Go module that has code, as set by .golangci.yml.
	@GOBIN=$(CURDIR)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)
	bin/golangci-lint run
	@set -e -x; for module in e2e e2e/page e2e/prometheus e2e/flux e2e/network e2e/connections e2e/kiali; do \
		(cd $$module && $(CURDIR)/bin/golangci-lint run -c $(CURDIR)/.golangci.yml); \
	done

vulnerabilities: ## List the known vulnerabilities of the modules, and fail if the program calls one; VULNDB=latest asks for the newest list.
	@GOBIN=$(CURDIR)/bin go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK)
	@GOBIN=$(CURDIR)/bin go install golang.org/x/vulndb/cmd/indexdb@$(VULNDB)
	@rm -rf bin/vulndb && mkdir bin/vulndb
	cd bin && ./indexdb -out vulndb -vulns "$$(go mod download -json golang.org/x/vulndb@$(VULNDB) | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')/data/osv"
	bin/govulncheck -format json -db file://$(CURDIR)/bin/vulndb ./plugin/cmd/... > bin/vulndb/found.json
	go run ./plugin/internal/vulnerabilities < bin/vulndb/found.json

generate: ## Rewrite the golden files, the pages of the rules and of the tenant's file, the picture, and the fields of Istio's mesh configuration.
	go generate ./plugin/internal/release/meshconfig
	go test ./plugin/tenant -run TestCases -update
	go test ./plugin/internal/upgrade -update
	go test ./plugin/internal/check ./plugin/api/v1alpha1 -run TestPage -update
	go test ./plugin/internal/shipped -run TestPicture -update

kinds: ## Read the kinds of well-known projects again, from the modules in plugin/internal/object/generate.
	go generate ./plugin/internal/object

clean: ## Remove everything that make has built and rendered.
	rm -rf bin demo dist .manifests
