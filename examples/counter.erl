%% A gen_server like any other: nothing in it says that it is called from TypeScript.
-module(counter).
-behaviour(gen_server).
-export([start_link/1, init/1, handle_call/3, handle_cast/2]).

start_link(Start) -> gen_server:start_link({local, counter}, ?MODULE, Start, []).

init(Start) -> {ok, Start}.

handle_call({add, Amount}, _From, Total) -> {reply, Total + Amount, Total + Amount};
handle_call(total, _From, Total) -> {reply, Total, Total};
handle_call(fail, _From, Total) -> {stop, no_more_counting, Total}.

handle_cast({set, Value}, _Total) -> {noreply, Value}.
