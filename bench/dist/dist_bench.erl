%% An Erlang node of the benches `dist` and `tunnel`: serves, and measures what it is told to by lines on its standard input.
%% "run KIND NODE SIZE WARM WINDOW" (bytes, ms, ms) answers "ok COUNT MICROS", or "failed REASON";
%% "connect NODE LIMIT" (ms) answers "ok" when there is a connection, or "failed".
-module(dist_bench).
-behaviour(gen_server).
-export([main/0, init/1, handle_call/3, handle_cast/2]).

%% Messages under way at once, and callers.
-define(WINDOW, 256).
-define(SMALL_WINDOW, 64).
-define(CALLERS, 64).
%% ms for one call.
-define(TIMEOUT, 60000).

main() ->
    logger:set_primary_config(level, none),
    register(echo, spawn(fun echo/0)),
    {ok, _} = gen_server:start({local, server}, ?MODULE, none, []),
    io:format("ready~n"),
    lines().

lines() ->
    case io:get_line("") of
        eof -> halt(0);
        {error, _} -> halt(1);
        Line ->
            io:format("~s~n", [answer(string:lexemes(Line, " \n"))]),
            lines()
    end.

answer(["connect", Node, Limit]) ->
    connect(list_to_atom(Node), micros() + 1000 * list_to_integer(Limit));
%% in a process of its own: nothing of one run is left to the next
answer(["run", Kind, Node, Size, Warm, Window]) ->
    {Pid, Ref} = spawn_monitor(fun() ->
        Count = work(list_to_atom(Kind), list_to_atom(Node), binary:copy(<<7>>, list_to_integer(Size))),
        Count(list_to_integer(Warm)),
        erlang:garbage_collect(),
        Begin = micros(),
        Counted = Count(list_to_integer(Window)),
        exit({counted, Counted, micros() - Begin})
    end),
    receive
        {'DOWN', Ref, process, Pid, {counted, Counted, Micros}} -> io_lib:format("ok ~b ~b", [Counted, Micros]);
        {'DOWN', Ref, process, Pid, Reason} -> ["failed ", re:replace(io_lib:format("~0p", [Reason]), "\n", " ", [global])]
    end.

%% A function of milliseconds that tells how many were answered in that time.
work(sequential, Node, Bytes) ->
    fun(Limit) -> sequential({echo, Node}, Bytes, micros() + 1000 * Limit, 0) end;
work(pipelined, Node, Bytes) -> windowed(?WINDOW, Node, Bytes);
work(pipelined_64, Node, Bytes) -> windowed(?SMALL_WINDOW, Node, Bytes);
%% the clock is read each time
work(echo_one, Node, Bytes) ->
    To = {echo, Node},
    fun(Limit) -> ones(fun() -> To ! {self(), Bytes}, receive Bytes -> ok end end, micros() + 1000 * Limit, 0) end;
%% what comes back is small
work(send_one, Node, Bytes) ->
    To = {echo, Node},
    Size = byte_size(Bytes),
    fun(Limit) -> ones(fun() -> To ! {self(), {size, Bytes}}, receive Size -> ok end end, micros() + 1000 * Limit, 0) end;
work(call, Node, Bytes) ->
    fun(Limit) -> calls({server, Node}, Bytes, micros() + 1000 * Limit, 0) end;
work(callers, Node, Bytes) ->
    fun(Limit) ->
        Until = micros() + 1000 * Limit,
        Self = self(),
        Callers = [spawn_link(fun() -> Self ! {self(), calls({server, Node}, Bytes, Until, 0)} end)
                   || _ <- lists:seq(1, ?CALLERS)],
        lists:sum([receive {Pid, Counted} -> Counted end || Pid <- Callers])
    end.

windowed(Window, Node, Bytes) ->
    fun(Limit) ->
        To = {echo, Node},
        [To ! {self(), Bytes} || _ <- lists:seq(1, Window)],
        Counted = pipelined(To, Bytes, micros() + 1000 * Limit, 0),
        [receive Bytes -> ok end || _ <- lists:seq(1, Window)],
        Counted + Window
    end.

ones(One, Until, Counted) ->
    One(),
    case micros() < Until of
        true -> ones(One, Until, Counted + 1);
        false -> Counted + 1
    end.

connect(Node, Until) ->
    case net_adm:ping(Node) of
        pong -> "ok";
        pang ->
            timer:sleep(20),
            case micros() < Until of
                true -> connect(Node, Until);
                false -> "failed"
            end
    end.

%% the clock is read once in 16 round trips
sequential(To, Bytes, Until, Counted) when Counted band 15 =:= 0 ->
    case micros() < Until of
        true -> sequential_one(To, Bytes, Until, Counted);
        false -> Counted
    end;
sequential(To, Bytes, Until, Counted) -> sequential_one(To, Bytes, Until, Counted).

sequential_one(To, Bytes, Until, Counted) ->
    To ! {self(), Bytes},
    receive Bytes -> sequential(To, Bytes, Until, Counted + 1) end.

pipelined(To, Bytes, Until, Counted) when Counted band 15 =:= 0 ->
    case micros() < Until of
        true -> pipelined_one(To, Bytes, Until, Counted);
        false -> Counted
    end;
pipelined(To, Bytes, Until, Counted) -> pipelined_one(To, Bytes, Until, Counted).

pipelined_one(To, Bytes, Until, Counted) ->
    receive Bytes -> To ! {self(), Bytes} end,
    pipelined(To, Bytes, Until, Counted + 1).

calls(To, Bytes, Until, Counted) ->
    Bytes = gen_server:call(To, {echo, Bytes}, ?TIMEOUT),
    case micros() < Until of
        true -> calls(To, Bytes, Until, Counted + 1);
        false -> Counted + 1
    end.

echo() ->
    receive
        {Pid, {size, Bytes}} when is_pid(Pid) -> Pid ! byte_size(Bytes);
        {Pid, Message} when is_pid(Pid) -> Pid ! Message;
        _ -> ok
    end,
    echo().

micros() -> erlang:monotonic_time(microsecond).

init(none) -> {ok, none}.
handle_call({echo, Bytes}, _From, State) -> {reply, Bytes, State}.
handle_cast(_, State) -> {noreply, State}.
