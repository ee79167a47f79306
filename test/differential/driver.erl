%% Plays scripts on OTP's own supervisor and writes down what happens: one line "N<TAB>JSON array of strings" a script.
%%
%% erl -noshell -run driver main SCRIPTS OUT, where SCRIPTS is a file of terms that erlang.ts writes. Scripts
%% run at once, each with a runner (the parent of its tree) and a collector (what happened, in order). One
%% scheduler, so that a death is told to all before anybody goes on.
-module(driver).
-export([main/1, start_worker/2, start_made/3, start_tree/3]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).
-export([log/2]).

-define(LINGER, 10).
%% a pause outlasts the period of the scripts that have one, 2 s, in whole seconds too
-define(PAUSE, 3100).
-define(PATIENCE, 30000).

main([ScriptsFile, OutFile]) ->
    ok = logger:set_primary_config(level, error),
    _ = logger:remove_handler(default),
    ok = logger:add_handler(?MODULE, ?MODULE, #{}),
    {ok, Scripts} = file:consult(ScriptsFile),
    {ok, Out} = file:open(OutFile, [write]),
    %% what measures time has the machine to itself
    {Timed, Others} = lists:partition(fun({script, _, _, Ops}) -> lists:member({pause}, Ops) end, Scripts),
    play(Timed),
    play(Others),
    lists:foreach(
        fun({script, N, _, _}) ->
            receive
                {trace, N, Lines} ->
                    Quoted = [["\"", Line, "\""] || Line <- Lines],
                    ok = file:write(Out, [integer_to_list(N), "\t[", lists:join(",", Quoted), "]\n"])
            end
        end,
        Scripts
    ),
    ok = file:close(Out),
    halt(0).

play(Scripts) ->
    Self = self(),
    Runners = [spawn_monitor(fun() -> Self ! {trace, N, run(Tree, Ops)} end) || {script, N, Tree, Ops} <- Scripts],
    lists:foreach(
        fun({Pid, Ref}) ->
            receive
                {'DOWN', Ref, process, Pid, normal} -> ok;
                {'DOWN', Ref, process, Pid, Reason} ->
                    io:format(standard_error, "a script failed in the driver: ~p~n", [Reason]),
                    halt(3)
            end
        end,
        Runners
    ).

%% --- a script ------------------------------------------------------------------------------------------------

run(Tree, Ops) ->
    process_flag(trap_exit, true),
    Runner = self(),
    Collector = spawn_link(fun() -> collect(#{
        runner => Runner, plans => #{}, counts => #{}, names => #{}, latest => #{}, log => [], gate => none
    }) end),
    put(collector, Collector),
    put(state, ""),
    {Plans, Steps} = lists:splitwith(fun(Op) -> element(1, Op) =:= plan end, Ops),
    [_ = step(Plan) || Plan <- Plans],
    Started = case start_tree(Collector, root, Tree) of
        {ok, _} -> "ok";
        {error, Reason} -> ["error ", text(Reason)]
    end,
    settle(),
    Lines = steps(Steps ++ [{stop}], [line(Started, false)]),
    ask(wipe),
    Lines.

steps([], Lines) -> lists:reverse(Lines);
steps([Op | Ops], Lines) ->
    case pid_of(root) of
        none -> lists:reverse(Lines);
        _ ->
            Result = step(Op),
            settle(),
            steps(Ops, [line(Result, element(1, Op) =:= kill_tree) | Lines])
    end.

%% What came of a step; what happened; how the supervisors look when that has changed.
line(Result, Unordered) ->
    Events = ask(take),
    Shown = case Unordered of true -> lists:sort(Events); false -> Events end,
    State = get(seen),
    Changed = case State =:= get(state) of true -> []; false -> [["= ", State]] end,
    put(state, State),
    lists:flatten(lists:join("; ", [Result] ++ Shown ++ Changed)).

step({plan, Id, Outcomes}) -> ask({plan, Id, Outcomes}), "planned";
step({crash, Id, Reason}) -> crash(pid_of(Id), Reason);
step({signal, Id, Reason}) -> signal(pid_of(Id), Reason);
step({kill_tree, Id}) ->
    case pid_of(Id) of
        none -> "none";
        Pid ->
            Below = below(Pid),
            Refs = [monitor(process, Each) || Each <- [Pid | Below]],
            exit(Pid, kill),
            [down(Ref) || Ref <- Refs],
            "done"
    end;
step({unlink, Id}) ->
    case pid_of(Id) of
        none -> "none";
        Pid -> gen_server:call(Pid, unlink, ?PATIENCE)
    end;
step({pause}) -> timer:sleep(?PAUSE), "paused";
step({stop}) ->
    Pid = pid_of(root),
    Ref = monitor(process, Pid),
    exit(Pid, shutdown),
    down(Ref),
    "stopped";
step({during, Id, Reason, Outcomes, Items}) ->
    ask({plan, Id, [gate | tl(Outcomes)]}),
    _ = crash(pid_of(Id), Reason),
    case settle() of
        gated ->
            Asked = [ask_later(Item) || Item <- Items],
            ask({open, hd(Outcomes)}),
            ["gated ", lists:join(", ", [answered(Each) || Each <- Asked])];
        stable ->
            ask({plan, Id, []}),
            ["free ", lists:join(", ", [begin Result = step(Item), settle(), Result end || Item <- Items])]
    end;
step(Request) ->
    case pid_of(element(2, Request)) of
        none -> "none";
        Pid -> answered(gen_server:send_request(Pid, request(Request)))
    end.

crash(none, _) -> "none";
crash(Pid, Reason) ->
    Ref = monitor(process, Pid),
    gen_server:cast(Pid, {crash, Reason}),
    down(Ref),
    "done".

signal(none, _) -> "none";
signal(Pid, Reason) ->
    Ref = monitor(process, Pid),
    Traps = process_info(Pid, trap_exit) =:= {trap_exit, true},
    exit(Pid, Reason),
    if
        Reason =:= kill; Reason =/= normal, not Traps -> down(Ref);
        true -> gen_server:call(Pid, ping, ?PATIENCE), demonitor(Ref, [flush])
    end,
    "done".

ask_later({crash, Id, Reason}) -> crash(pid_of(Id), Reason);
ask_later({signal, Id, Reason}) -> signal(pid_of(Id), Reason);
ask_later(Request) ->
    case pid_of(element(2, Request)) of
        none -> "none";
        Pid -> gen_server:send_request(Pid, request(Request))
    end.

request({start, _, Child}) -> {start_child, spec(get(collector), Child)};
request({terminate, _, Id}) -> {terminate_child, Id};
request({restart, _, Id}) -> {restart_child, Id};
request({delete, _, Id}) -> {delete_child, Id};
request({spawn, _, Id}) -> {start_child, [Id]};
request({dismiss, _, Id}) -> {terminate_child, ask({newest, Id})};
request({which, _}) -> which_children;
request({count, _}) -> count_children.

answered(Said) when is_list(Said) -> Said;
answered(Request) ->
    case gen_server:receive_response(Request, ?PATIENCE) of
        {reply, ok} -> "ok";
        {reply, {ok, undefined}} -> "ok";
        {reply, {ok, Pid}} -> ["ok ", name(Pid)];
        {reply, {error, {already_started, Pid}}} -> ["error already_started ", name(Pid)];
        {reply, {error, {Reason, Child}}} when element(1, Child) =:= child -> ["error ", text(Reason)];
        {reply, {error, Reason}} -> ["error ", text(Reason)];
        {reply, Counts = [{specs, _} | _]} -> counts(Counts);
        {reply, Children} -> children(Children);
        {error, {{Reason, {gen_server, call, _}}, _}} -> ["error ", text(Reason)];
        {error, {Reason, _}} -> ["error ", text(Reason)]
    end.

%% --- waiting until nothing happens any more -------------------------------------------------------------------

%% Two looks in a row see the same: stable. A start waits at the gate: gated.
settle() -> settle(none).

settle(Before) ->
    case look(lists:sort(ask(trees)), []) of
        gated -> gated;
        Seen ->
            put(seen, lists:flatten(lists:join(" ", Seen))),
            case {get(seen), ask(happened)} of
                Before -> stable;
                Now -> settle(Now)
            end
    end.

look([], Seen) -> lists:reverse(Seen);
look([{Id, Pid} | Rest], Seen) ->
    case look_at(Pid, which_children) of
        gated -> gated;
        dead -> look(Rest, Seen);
        Children ->
            case look_at(Pid, count_children) of
                gated -> gated;
                dead -> look(Rest, Seen);
                Counts -> look(Rest, [[atom_to_list(Id), "[", children(Children), "]", counts(Counts)] | Seen])
            end
    end.

look_at(Pid, Request) ->
    Ref = monitor(process, Pid),
    Pid ! {'$gen_call', {self(), Ref}, Request},
    receive
        gated -> demonitor(Ref, [flush]), gated;
        {Ref, Reply} -> demonitor(Ref, [flush]), Reply;
        {'DOWN', Ref, process, Pid, _} -> dead
    after ?PATIENCE -> exit(stuck)
    end.

children(Children) ->
    Shown = [
        case {Id, Pid} of
            {undefined, restarting} -> "?";
            {_, undefined} -> atom_to_list(Id) ++ "-";
            {_, restarting} -> atom_to_list(Id) ++ "?";
            _ -> name(Pid)
        end
     || {Id, Pid, _, _} <- Children
    ],
    %% those that a template made are in no order
    case Children of
        [{undefined, _, _, _} | _] -> lists:join(" ", lists:sort(Shown));
        _ -> lists:join(" ", Shown)
    end.

counts(Counts) ->
    lists:join("/", [integer_to_list(proplists:get_value(Key, Counts)) || Key <- [specs, active, supervisors, workers]]).

down(Ref) ->
    receive
        {'DOWN', Ref, process, _, _} -> ok
    after ?PATIENCE -> exit(stuck)
    end.

%% Whatever lives and is linked below a supervisor.
below(Pid) ->
    {links, Links} = process_info(Pid, links),
    Children = [Child || Child <- Links, is_pid(Child), name(Child) =/= "", parent(Child) =:= Pid],
    Children ++ lists:append([below(Child) || Child <- Children]).

parent(Pid) ->
    {dictionary, Values} = process_info(Pid, dictionary),
    case proplists:get_value('$ancestors', Values) of
        [Parent | _] -> Parent;
        _ -> none
    end.

%% --- the collector: what happened, in order --------------------------------------------------------------------

ask(Question) -> ask(get(collector), Question).

ask(Collector, Question) ->
    Ref = make_ref(),
    Collector ! {ask, self(), Ref, Question},
    receive
        {Ref, Answer} -> Answer
    end.

pid_of(Id) -> ask({pid_of, Id}).
name(Pid) -> ask({name, Pid}).

collect(State = #{log := Log, names := Names}) ->
    receive
        {ask, From, Ref, {gated, Id}} ->
            maps:get(runner, State) ! gated,
            collect(State#{gate := {From, Ref}, log := [[atom_to_list(Id), " waits"] | Log]});
        {ask, From, Ref, Question} ->
            {Answer, Next} = answer(Question, State),
            From ! {Ref, Answer},
            collect(Next);
        {'DOWN', _, process, Pid, Reason} ->
            collect(State#{log := [["-", maps:get(Pid, Names), " ", text(Reason)] | Log]})
    end.

answer({plan, Id, Outcomes}, State = #{plans := Plans}) -> {ok, State#{plans := Plans#{Id => Outcomes}}};
answer({outcome, Id}, State = #{plans := Plans}) ->
    case maps:get(Id, Plans, []) of
        [] -> {ok, State};
        [Outcome | Rest] -> {Outcome, State#{plans := Plans#{Id => Rest}}}
    end;
answer({up, Id, Pid, Kind}, State = #{counts := Counts, names := Names, latest := Latest, log := Log}) ->
    N = maps:get(Id, Counts, 0) + 1,
    Name = atom_to_list(Id) ++ "#" ++ integer_to_list(N),
    monitor(process, Pid),
    {ok, State#{
        counts := Counts#{Id => N}, names := Names#{Pid => Name}, latest := Latest#{Id => {Kind, Pid}},
        log := [["+", Name] | Log]
    }};
answer({event, Text}, State = #{log := Log}) -> {ok, State#{log := [Text | Log]}};
%% ours reports no start that failed for an orderly reason while the supervisor itself starts: its starter is told
answer({report, Pid, start_error, {shutdown, _}, _}, State = #{names := Names}) when not is_map_key(Pid, Names) ->
    {ok, State};
answer({report, _, _, _, Text}, State) -> answer({event, Text}, State);
answer({open, Outcome}, State = #{gate := {From, Ref}}) ->
    From ! {Ref, Outcome},
    {ok, State#{gate := none}};
answer({pid_of, Id}, State = #{latest := Latest}) ->
    case Latest of
        #{Id := {_, Pid}} -> {case is_process_alive(Pid) of true -> Pid; false -> none end, State};
        _ -> {none, State}
    end;
answer({newest, Id}, State = #{latest := Latest}) -> {element(2, maps:get(Id, Latest, {none, Id})), State};
answer({name, Pid}, State = #{names := Names}) -> {maps:get(Pid, Names, ""), State};
answer(trees, State = #{latest := Latest}) ->
    {[{Id, Pid} || {Id, {tree, Pid}} <- maps:to_list(Latest), is_process_alive(Pid)], State};
answer(happened, State = #{log := Log}) -> {length(Log), State};
answer(take, State = #{log := Log}) -> {lists:reverse(Log), State#{log := []}};
answer(wipe, State = #{names := Names}) ->
    [exit(Pid, kill) || Pid <- maps:keys(Names)],
    {ok, State}.

%% --- what a tree is made of ------------------------------------------------------------------------------------

start_tree(Collector, Id, Tree) ->
    ask(Collector, {event, ["+", atom_to_list(Id)]}),
    case supervisor:start_link(?MODULE, {tree, Collector, Tree}) of
        {ok, Pid} -> ask(Collector, {up, Id, Pid, tree}), {ok, Pid};
        Error -> Error
    end.

spec(Collector, Child) -> spec(Collector, Child, start_worker).

spec(Collector, {child, Id, Restart, Shutdown, _, Significant, Tree} = Child, Starter) ->
    {Start, Type} = case Tree of
        none -> {{?MODULE, Starter, [Collector, Child]}, worker};
        _ -> {{?MODULE, start_tree, [Collector, Id, Tree]}, supervisor}
    end,
    #{id => Id, start => Start, restart => Restart, shutdown => Shutdown, type => Type, significant => Significant}.

start_worker(Collector, {child, Id, _, _, Stop, _, none}) ->
    gen_server:start_link(?MODULE, {worker, Collector, Id, Stop}, []).

%% A child of a template.
start_made(Collector, Template, Id) -> start_worker(Collector, setelement(2, Template, Id)).

init({tree, Collector, {tree, Strategy, Intensity, Period, Auto, Children}}) ->
    put(collector, Collector),
    Flags = #{strategy => Strategy, intensity => Intensity, period => Period, auto_shutdown => Auto},
    Starter = case Strategy of simple_one_for_one -> start_made; _ -> start_worker end,
    {ok, {Flags, [spec(Collector, Child, Starter) || Child <- Children]}};
init({worker, Collector, Id, Stop}) ->
    process_flag(trap_exit, Stop =/= plain),
    Planned = ask(Collector, {outcome, Id}),
    Outcome = case Planned of gate -> ask(Collector, {gated, Id}); _ -> Planned end,
    case Outcome of
        ok -> ask(Collector, {up, Id, self(), worker});
        _ -> ask(Collector, {event, ["+", atom_to_list(Id), " ", atom_to_list(Outcome)]})
    end,
    case Outcome of
        ok -> {ok, Stop};
        ignore -> ignore;
        error -> {stop, nope};
        crash -> exit(bad)
    end.

handle_call(unlink, _, Stop) ->
    [Parent | _] = get('$ancestors'),
    unlink(Parent),
    {reply, "done", Stop};
handle_call(ping, _, Stop) -> {reply, pong, Stop}.

%% it ends by itself: how it answers its supervisor does not matter any more
handle_cast({crash, Reason}, _) -> {stop, Reason, plain}.

handle_info(_, Stop) -> {noreply, Stop}.

terminate(_, linger) -> timer:sleep(?LINGER);
terminate(_, stubborn) -> timer:sleep(infinity);
terminate(_, {exit, Reason}) -> exit(Reason);
terminate(_, _) -> ok.

%% --- reports and texts -----------------------------------------------------------------------------------------

log(#{msg := {report, #{label := {supervisor, Context}, report := Report}}}, _) ->
    case get(collector) of
        undefined -> ok;
        Collector ->
            Id = proplists:get_value(id, proplists:get_value(offender, Report)),
            Reason = proplists:get_value(reason, Report),
            ask(Collector, {report, self(), Context, Reason, ["!", atom_to_list(Context), " ", atom_to_list(Id), " ", text(Reason)]})
    end;
log(_, _) -> ok.

text(Atom) when is_atom(Atom) -> atom_to_list(Atom);
text({shutdown, Reason}) -> ["{shutdown ", text(Reason), "}"];
text({failed_to_start_child, Id, Reason}) -> ["failed ", atom_to_list(Id), " ", text(Reason)];
text({bad_combination, _}) -> "bad_combination";
text(Other) -> io_lib:format("~0p", [Other]).
