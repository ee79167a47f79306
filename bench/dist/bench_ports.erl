%% In place of EPMD's client: an Erlang node that listens at the port of BENCH_LISTENS and finds all others at that of BENCH_FINDS.
-module(bench_ports).
-export([start_link/0, register_node/2, register_node/3, listen_port_please/2]).
-export([address_please/3, port_please/2, port_please/3, names/1]).

start_link() -> ignore.
register_node(_Name, _Port) -> {ok, 1}.
register_node(_Name, _Port, _Family) -> {ok, 1}.
listen_port_please(_Name, _Host) -> {ok, port("BENCH_LISTENS")}.
address_please(_Name, _Host, _Family) -> {ok, {127, 0, 0, 1}}.
port_please(_Name, _Address) -> {port, port("BENCH_FINDS"), 6}.
port_please(Name, Address, _Timeout) -> port_please(Name, Address).
names(_Host) -> {error, address}.

%% of a node that only connects: any
port(Variable) -> list_to_integer(os:getenv(Variable, "0")).
