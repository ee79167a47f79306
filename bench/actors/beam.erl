%% The workloads on the BEAM: one scheduler, CPU time of the emulator.
%% erl ... -run beam main NAME N REPEATS prints one line "cpu_us wall_us" a repeat, or "bytes N".
-module(beam).
-behaviour(gen_server).
-export([main/1, init/1, handle_call/3, handle_cast/2, handle_info/2, start_child/2]).
-export([start_named/1, callback_mode/0, off/3, on/3]).

main([Name, Count, Repeats]) ->
    logger:set_primary_config(level, none),
    N = list_to_integer(Count),
    Work = list_to_atom(Name),
    case Work of
        bytes -> io:format("bytes ~p~n", [bytes(N)]);
        _ ->
            run(Work, max(1, N div 10)),
            lists:foreach(fun(_) -> measured(Work, N) end, lists:seq(1, list_to_integer(Repeats)))
    end,
    halt(0, [{flush, true}]).

measured(Work, N) ->
    erlang:garbage_collect(),
    {Cpu, _} = erlang:statistics(runtime),
    Wall = erlang:monotonic_time(microsecond),
    run(Work, N),
    {After, _} = erlang:statistics(runtime),
    io:format("~p ~p~n", [(After - Cpu) * 1000, erlang:monotonic_time(microsecond) - Wall]).

bytes(N) ->
    erlang:garbage_collect(),
    Before = erlang:memory(processes),
    Kept = [spawn(fun idle/0) || _ <- lists:seq(1, N)],
    timer:sleep(100),
    After = erlang:memory(processes),
    [exit(P, kill) || P <- Kept],
    (After - Before) div N.

idle() -> receive stop -> ok end.

run(spawn, N) -> repeat(N, fun() -> exit(spawn(fun idle/0), kill) end);
run(spawn_down, N) ->
    repeat(N, fun() ->
        {P, R} = spawn_monitor(fun() -> ok end),
        receive {'DOWN', R, process, P, _} -> ok end
    end);
run(ping_pong, N) ->
    Other = spawn_link(fun echo/0),
    repeat(N, fun() -> Other ! self(), receive pong -> ok end end),
    unlink(Other), exit(Other, kill);
run(call, N) -> calls(N, 1);
run(call64, N) -> calls(N, 64);
run(statem, N) ->
    {ok, Machine} = gen_statem:start(?MODULE, statem, []),
    repeat(N, fun() -> gen_statem:call(Machine, toggle, 5000) end),
    exit(Machine, kill);
run(fan_in, N) ->
    Me = self(),
    Sink = spawn_link(fun() -> sink(N), Me ! done end),
    [spawn_link(fun() -> repeat(N div 100, fun() -> Sink ! 1 end) end) || _ <- lists:seq(1, 100)],
    receive done -> ok end;
run(ring, N) ->
    Me = self(),
    First = spawn_link(fun() -> first(Me) end),
    Last = lists:foldl(fun(_, Next) -> spawn_link(fun() -> pass(Next) end) end, First, lists:seq(2, 1000)),
    First ! {next, Last},
    First ! N,
    receive done -> ok end,
    unlink(First), exit(First, kill);
run(dynamic_10k, N) -> dynamic(N, 10000);
run(dynamic_100k, N) -> dynamic(N, 100000);
%% a fresh supervisor for each 50: it walks through the list of all restarts of the last second at each
run(restart, N) when N > 50 -> restarts(50, 1, one_for_one), run(restart, N - 50);
run(restart, N) -> restarts(N, 1, one_for_one);
run(one_for_all, N) -> restarts(N, 100, one_for_all);
run(isolated, N) ->
    repeat(N, fun() ->
        Me = self(),
        {P, R} = spawn_monitor(fun() -> Me ! {self(), 1 + 1} end),
        receive {P, _} -> receive {'DOWN', R, process, P, _} -> ok end after 5000 -> exit(timeout) end
    end);
run(isolated_throw, N) ->
    repeat(N, fun() ->
        {P, R} = spawn_monitor(fun() -> error(handler) end),
        receive {'DOWN', R, process, P, _} -> ok after 5000 -> exit(timeout) end
    end);
run(timers, N) ->
    Me = self(),
    repeat(N, fun() -> erlang:cancel_timer(erlang:send_after(5000, Me, late)) end);
run(timers_later, N) ->
    Me = self(),
    repeat(N div 1000, fun() ->
        Timers = [erlang:send_after(5000 + At, Me, late) || At <- lists:seq(1, 1000)],
        receive never -> ok after 0 -> ok end,
        [erlang:cancel_timer(Timer) || Timer <- Timers]
    end).

repeat(0, _) -> ok;
repeat(N, F) -> F(), repeat(N - 1, F).

echo() -> receive From -> From ! pong, echo() end.

sink(0) -> ok;
sink(N) -> receive 1 -> sink(N - 1) end.

first(Me) -> receive {next, Next} -> first(Me, Next) end.
first(Me, Next) ->
    receive
        Left when Left =< 1 -> Me ! done;
        Left -> Next ! Left - 1, first(Me, Next)
    end.
pass(Next) ->
    receive
        Left when Left =< 1 -> Next ! Left, pass(Next);
        Left -> Next ! Left - 1, pass(Next)
    end.

calls(N, Clients) ->
    {ok, Server} = gen_server:start(?MODULE, 0, []),
    Me = self(),
    [spawn_link(fun() -> repeat(N div Clients, fun() -> gen_server:call(Server, increment) end), Me ! done end)
     || _ <- lists:seq(1, Clients)],
    [receive done -> ok end || _ <- lists:seq(1, Clients)],
    exit(Server, kill).

restarts(N, Size, Strategy) ->
    Me = self(),
    {ok, Top} = supervisor:start_link(?MODULE, {top, Strategy, Size, Me}),
    up(Size),
    crash(N, Size),
    unlink(Top),
    exit(Top, shutdown),
    flush().

crash(0, _) -> ok;
crash(N, Size) ->
    exit(get({child, N rem Size}), boom),
    up(Size),
    crash(N - 1, Size).

%% N children in all, Size at a time: started by a call, found by a registered name, stopped with the supervisor
dynamic(N, _) when N =< 0 -> ok;
dynamic(N, Size) ->
    All = lists:seq(1, min(N, Size)),
    {ok, Top} = supervisor:start_link(?MODULE, dynamic),
    [{ok, _} = supervisor:start_child(Top, [At]) || At <- All],
    [true = is_pid(whereis(name(At))) || At <- All],
    Ref = monitor(process, Top),
    unlink(Top),
    exit(Top, shutdown),
    receive {'DOWN', Ref, process, Top, _} -> ok end,
    dynamic(N - Size, Size).

%% the same atoms every time
name(At) -> list_to_atom("child " ++ integer_to_list(At)).

start_named(At) -> gen_server:start_link({local, name(At)}, ?MODULE, 0, []).

up(0) -> ok;
up(N) -> receive {up, At, Pid} -> put({child, At}, Pid), up(N - 1) end.

flush() -> receive _ -> flush() after 0 -> ok end.

start_child(At, Me) -> gen_server:start_link(?MODULE, {child, At, Me}, []).

init({top, Strategy, Size, Me}) ->
    Flags = #{strategy => Strategy, intensity => 10000000, period => 1},
    {ok, {Flags, [#{id => At, start => {?MODULE, start_child, [At, Me]}} || At <- lists:seq(0, Size - 1)]}};
init(dynamic) ->
    Flags = #{strategy => simple_one_for_one, intensity => 1, period => 5},
    {ok, {Flags, [#{id => child, start => {?MODULE, start_named, []}}]}};
init({child, At, Me}) -> Me ! {up, At, self()}, {ok, 0};
init(statem) -> {ok, off, 0};
init(State) -> {ok, State}.

handle_call(increment, _From, State) -> {reply, State, State + 1}.
callback_mode() -> state_functions.
off({call, From}, toggle, Count) -> {next_state, on, Count + 1, [{reply, From, Count}]}.
on({call, From}, toggle, Count) -> {next_state, off, Count + 1, [{reply, From, Count}]}.

handle_cast(_, State) -> {noreply, State}.
handle_info(_, State) -> {noreply, State}.
