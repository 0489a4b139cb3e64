# `make` lists the targets. Set-up happens by itself and only when something has changed.
PYTHON ?= python3
VENV ?= .venv
BOARD ?= host
ARGS ?=
ONLY ?=

# The demo and the tests are those of a machine without ROS 2, whatever the shell has sourced.
WITHOUT_ROS = env -u PYTHONPATH -u AMENT_PREFIX_PATH BEE_ROS=embedded PYTEST_DISABLE_PLUGIN_AUTOLOAD=1
SETUP = PYTHON="$(PYTHON)" VENV="$(VENV)" tools/setup
BIN = $(VENV)/bin
TYPED = bee_robot/hive bee_robot/rulebook bee_robot/mcu bee_robot/extraction bee_robot/safety bee_robot/configuration.py
# What tools/generate_protocol.py writes has the generator's format.
FIRMWARE_SOURCES = $(shell find firmware -path '*/build' -prune -o -name '*.[ch]' -not -name 'messages.*' -print)

help:                         ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

demo:                         ## visit one box of ten frames on the simulated tower; more options in ARGS="..."
	@$(SETUP) run
	@$(WITHOUT_ROS) $(BIN)/bee inspect --sim --box 1 $(ARGS)

test:                         ## every test; ARGS="..." goes to pytest
	@$(SETUP) test
	@$(MAKE) --no-print-directory -C firmware test
	@$(WITHOUT_ROS) $(BIN)/python $(if $(ARGS),-m pytest $(ARGS),tools/run_tests)

lint:                         ## formatting, types and static checks, Python and firmware
	@$(SETUP) test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(TYPED)
	$(BIN)/clang-format --dry-run --Werror $(FIRMWARE_SOURCES)
	@if command -v cppcheck >/dev/null; then $(MAKE) --no-print-directory cppcheck; \
	else echo "lint: cppcheck is not installed, its checks are left out (tools/debian_packages --install --all)"; fi

cppcheck:
	cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		-i firmware/build -Ifirmware/core $(FIRMWARE_SOURCES)

format:                       ## put Python and firmware into the format that lint wants
	@$(SETUP) test
	$(BIN)/ruff check --fix --select I .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(FIRMWARE_SOURCES)

firmware:                     ## the firmware for BOARD=host
	@$(MAKE) --no-print-directory -C firmware $(BOARD)

bench:                        ## measure; writes bench/figures.json; ONLY=demo,visit for some sections
	@$(SETUP) test
	@$(WITHOUT_ROS) $(BIN)/python bench/run.py --only "$(ONLY)"

soak:                         ## the long runs: 24 simulated hours
	@$(SETUP) test
	@$(WITHOUT_ROS) $(BIN)/python bench/run.py --only soak,ros_soak

setup:                        ## only the set-up
	@$(SETUP) test

clean:                        ## remove what was built; .venv stays
	@$(MAKE) --no-print-directory -C firmware clean
	rm -rf build install log .pytest_cache .mypy_cache .ruff_cache bee_robot.egg-info

.PHONY: help demo test lint cppcheck format firmware bench soak setup clean
.DEFAULT_GOAL := help
