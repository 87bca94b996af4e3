# The program, static, alone in its image: beside istiod as the API proxy (see
# docs/api-proxy.md), for Argo CD's repo server (see examples/argocd), for CI, and
# as a container function of kustomize.
#
# The compiler runs on the builder's own platform and compiles for any other:
# docker buildx build --platform linux/amd64,linux/arm64 makes an image for both.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY bases ./bases
COPY plugin ./plugin
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags '-s -w' -o out/ ./plugin/cmd/istio-tenancy

# No shell, no libraries, no certificates: as the API proxy the program trusts the
# API server's own CA, which Kubernetes mounts, and as a function it connects to
# nothing. It writes to no file of the image. Nor is there a git: here, no build
# fetches a base from another host.
FROM scratch
COPY --from=build /src/out/istio-tenancy /usr/local/bin/istio-tenancy
# Probes and functions call the program by its name.
ENV PATH=/usr/local/bin
# Argo CD asks for 999, and the API proxy runs as 65532: any user will do that is
# not root, and a number proves that to Kubernetes.
USER 999:999
ENTRYPOINT ["istio-tenancy"]
