{#
  A night rebuilds what changed. This file says how, once for all tables. There are two scopes:

  * Records. Entity tables forget and write anew what loads since the last whole build brought (int_changed_orders,
    int_changed_refunds), the buyers of those orders (int_changed_buyers), and the orders and refunds that depend on them
    (int_orders_to_write, int_refunds_to_write).
  * Periods. Tables by period forget and write anew the spans with a day whose print (a hash of its rows) differs from the one they were
    built from, and spans that are new or whose row in int_spans changed (int_affected_spans).

  Both lead to the rows that a full build would have, because what is written is always made by the same SELECT, over whole
  orders, whole buyers, whole spans. `warehouse/built.py` remembers a build only when all of it passed, so whatever a killed
  build did is done again.
#}


{#
  Configuration of a table that forgets some of its rows and appends them anew, in one transaction:
      {{ config(**rebuilt("exists (…)")) }}
  forgotten: conditions on a row of the table, called `held`; a row that meets one of them is deleted. Macros in them are
  written as text in braces, so that they are rendered when the model runs.
#}
{% macro rebuilt(forgotten) %}
    {%- set hooks = [] -%}
    {%- for condition in forgotten -%}
        {%- do hooks.append("{% if only_changes() %}delete from {{ this }} as held where " ~ condition ~ "{% endif %}") -%}
    {%- endfor -%}
    {{ return({
        'materialized': 'incremental',
        'incremental_strategy': 'append',
        'on_schema_change': 'fail',
        'pre_hook': hooks,
    }) }}
{% endmacro %}


{#
  Whether a row (of the relation called `row`) has to be written anew; one macro for each list. They use IN, because for a correlated EXISTS
  beside another condition DuckDB holds the whole table and its distinct keys, which is three times the work.
#}
{% macro in_changed_orders(row) -%}
    {{ is_listed(row, ref('int_changed_orders'), ['platform', 'store_id', 'order_id']) }}
{%- endmacro %}

{#
  As in_changed_orders and in_refunds_to_write, for rows of staging views. The record has its own id, while platform and store are added by
  the view. A condition on the id alone drops the other records before they are taken apart; one that needs platform and store, too, can
  drop them only afterwards.
#}
{% macro in_staged_orders(row) -%}
    {{ is_listed(row, ref('int_changed_orders'), ['order_id']) }} and {{ in_changed_orders(row) }}
{%- endmacro %}

{% macro in_staged_refunds(row) -%}
    {{ is_listed(row, ref('int_refunds_to_write'), ['refund_id']) }} and {{ in_refunds_to_write(row) }}
{%- endmacro %}

{% macro in_changed_refunds(row) -%}
    {{ is_listed(row, ref('int_changed_refunds'), ['platform', 'store_id', 'refund_id']) }}
{%- endmacro %}

{% macro in_changed_buyers(row) -%}
    {{ is_listed(row, ref('int_changed_buyers'), ['platform', 'buyer_key']) }}
{%- endmacro %}

{% macro in_orders_to_write(row) -%}
    {{ is_listed(row, ref('int_orders_to_write'), ['platform', 'store_id', 'order_id']) }}
{%- endmacro %}

{# refund_id: the row's name of that column. #}
{% macro in_refunds_to_write(row, refund_id='refund_id') -%}
    ({{ row }}.platform, {{ row }}.store_id, {{ row }}.{{ refund_id }}) in (select platform, store_id, refund_id from {{ ref('int_refunds_to_write') }})
{%- endmacro %}

{% macro in_affected_spans(row) -%}
    {{ is_listed(row, ref('int_affected_spans'), ['store_id', 'grain', 'period_start', 'span_days']) }}
{%- endmacro %}

{% macro in_affected_periods(row) -%}
    {{ is_listed(row, ref('int_affected_periods'), ['store_id', 'grain', 'period_start']) }}
{%- endmacro %}

{#
  The periods of a grain that a night reads: those whose rows it writes, and those that they are compared with.
  also: a condition on `spans` (a row of int_spans) for further periods that it writes.
#}
{% macro periods_read(grain, also=none) -%}
select store_id, grain, period_start
from {{ ref('int_affected_periods') }}
where grain = '{{ grain }}'
{%- for when in ['prev', 'yoy'] %}

union

select spans.store_id, spans.grain, spans.{{ when }}_period_start
from {{ ref('int_spans') }} as spans
where spans.grain = '{{ grain }}' and ({{ in_affected_periods('spans') }}{{ ' or ' ~ also if also }})
{%- endfor %}
{%- endmacro %}

{% macro in_periods_read(row, grain) -%}
    ({{ row }}.store_id, {{ row }}.grain, {{ row }}.period_start) in ({{ periods_read(grain) }})
{%- endmacro %}

{% macro in_affected_covers(row) -%}
    {{ is_listed(row, ref('int_affected_covers'), ['store_id', 'grain', 'period_start']) }}
{%- endmacro %}

{% macro in_affected_rfm_months(row) -%}
    {{ is_listed(row, ref('int_affected_rfm_months'), ['store_id', 'period_start']) }}
{%- endmacro %}

{# Items whose name or first sale changed. The arguments are expressions over a row. #}
{% macro in_changed_items(level, store_id, item_id) -%}
    ({{ level }}, {{ store_id }}, {{ item_id }}) in (select level, store_id, item_id from {{ ref('int_changed_items') }})
{%- endmacro %}

{# A day that belongs to an affected span: what the tables by period read. #}
{% macro in_affected_days(store_id, day) -%}
    ({{ store_id }}, {{ day }}) in (select store_id, date_day from {{ ref('int_affected_span_days') }})
{%- endmacro %}

{# A date that some store's affected span holds. #}
{% macro in_affected_dates(day) -%}
    {{ day }} in (select date_day from {{ ref('int_affected_span_days') }})
{%- endmacro %}

{% macro is_listed(row, list, key) -%}
    ({% for name in key %}{{ row }}.{{ name }}{{ ", " if not loop.last }}{% endfor %}) in (select {{ key | join(', ') }} from {{ list }})
{%- endmacro %}


{#
  The load up to which the last whole build knew everything, and that build's number; -1 before the first.
  state: the relation to read this from, for a model that must not depend on the source.
#}
{% macro built_through(state=none) -%}
    (select coalesce(max(through_load_id), -1) from {{ state or source('built', 'state') }})
{%- endmacro %}

{% macro build_number() -%}
    (select coalesce(max(build_number), -1) from {{ source('built', 'state') }})
{%- endmacro %}


{#
  Configuration of a list of what a build must write anew. newly_found is the list's last SELECT, from a CTE `found`. An entry stays until a
  whole build has passed, because a build that was cut short may have overwritten the difference by which it was found. A full build writes
  everything, so its list is empty.
#}
{% macro kept_until_built() %}
    {{ return({
        'materialized': 'incremental',
        'incremental_strategy': 'append',
        'on_schema_change': 'fail',
        'pre_hook': "{% if only_changes() %}delete from {{ this }} where since_build <> {{ build_number() }}{% endif %}",
    }) }}
{% endmacro %}

{% macro newly_found(key) -%}
select {{ key | join(', ') }}, {{ build_number() }} as since_build
from found
where {{ key[-1] }} is not null
    {%- if only_changes() %}
    and not exists (
        select 1
        from {{ this }} as listed
        where {% for name in key %}listed.{{ name }} = found.{{ name }}{{ " and " if not loop.last }}{% endfor %}
    )
    {%- else %}
    and false
    {%- endif %}
{%- endmacro %}


{# A table of this project as the last build left it, without a dependency on it: for a model that is built before that table. #}
{% macro as_it_was(name, in_marts=false) -%}
    {%- set database = 'daybook' if in_marts and target.type == 'duckdb' else target.database -%}
    {{ return(adapter.get_relation(database, 'marts' if in_marts else 'intermediate', name)) }}
{%- endmacro %}


{# Whether this build goes on from the last whole one. A full build (--full-refresh) does not. #}
{% macro is_catching_up() -%}
    {{ return(execute and not should_full_refresh()) }}
{%- endmacro %}


{#
  The rows of a table that a test has to judge: all of them in a full build; in a build that goes on only those of the list by which the
  table is written anew. All other rows passed with the build that wrote them. An entry stays in the list until a whole build has passed.

  written: the name of the model that is the list. columns: the columns of the table that may name a listed row. The list is looked up and
  not referred to: otherwise a build of models/intermediate alone would include the test.
#}
{% macro rows_written(table, written, columns) -%}
    {%- set listed = as_it_was(written) if written and is_catching_up() and has_passed_before() -%}
    {%- if listed -%}
    {%- set shared = adapter.get_columns_in_relation(listed) | map(attribute='name') | select('in', columns) | list -%}
    (
        select *
        from {{ table }} as held
        where {{ is_listed('held', listed, shared) }}
    )
    {%- else -%}
    {{ table }}
    {%- endif -%}
{%- endmacro %}

{% macro has_passed_before() -%}
    {%- set state = adapter.get_relation(target.database, 'built', 'state') -%}
    {{- return(state is not none and run_query('select count(*) from ' ~ state).rows[0][0] > 0) -}}
{%- endmacro %}


{# The days of the spans to write: of all of them, or of the affected ones. #}
{% macro days_to_write() -%}
    {%- if not execute -%}
        {%- do ref('int_span_days') -%}
    {%- endif -%}
    {{- return(ref('int_affected_span_days') if only_changes() else ref('int_span_days')) -}}
{%- endmacro %}


{#
  Whether a table is there and gets only what changed. True while dbt parses, so that it learns of every ref. Models ask this instead of
  is_incremental, for which dbt wants an override in every unit test of a model that names it; our unit tests test the SQL of a full build.
#}
{% macro only_changes() %}{{ return(not execute or (this is not none and is_incremental())) }}{% endmacro %}

{# Like only_changes, for the table of the marts into which an ephemeral model is written. #}
{% macro only_changes_of(name) -%}
    {{ return(not execute or (this is not none and is_catching_up() and as_it_was(name, in_marts=true) is not none)) }}
{%- endmacro %}
