# SPDX-License-Identifier: Apache-2.0
# The image's entry point is errand:
#   scripts/image && docker run --rm -v "$PWD:/work" errand run tasks.yaml
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
# The packages change less often than the sources.
COPY scripts/setup scripts/setup
RUN scripts/setup --build && rm -rf /var/lib/apt/lists/*
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY schema schema
COPY lib lib
COPY cmd cmd
RUN cmake --preset release && cmake --build --preset release && strip build/release/errand

# errand needs nothing from here; tasks need a shell and coreutils.
FROM ${BASE}
COPY --from=build /src/build/release/errand /usr/local/bin/errand
COPY LICENSE /usr/local/share/doc/errand/LICENSE
RUN useradd --create-home --uid 1000 errand && mkdir -p /work && chown errand:errand /work
# A kernel or processor that it does not run on shows here and not at the first user.
RUN errand --version
USER errand
WORKDIR /work
ENTRYPOINT ["errand"]
CMD ["--help"]
