{#
  Tables and views on DuckDB, where `create or replace` is part of the transaction like everything else. So a model is one statement in
  one transaction, and a killed build leaves the old table. dbt's own materializations are made for engines where it is not: they build
  beside the old table, swap names and tidy up afterwards. That is a dozen statements per model, and each takes Python longer than a small
  model takes DuckDB.

  A table with a contract is made, compared with its SELECT and given its comments the first time, and with --full-refresh, which
  `daybook build` asks for whenever SQL, settings or descriptions changed. After that only its rows are exchanged.
#}

{% materialization table, adapter="duckdb" %}
    {%- set relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set anew = existing is none or existing.is_view or should_full_refresh() or not config.get('contract').enforced -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- call statement('main') -%}
        {{ table_made_anew(relation, existing) if anew else rows_exchanged(relation) }}
    {%- endcall -%}
    {{ finish_table(relation, comments=anew) }}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}


{% materialization incremental, adapter="duckdb" %}
    {%- set relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set anew = existing is none or existing.is_view or should_full_refresh() -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- call statement('main') -%}
        {{ table_made_anew(relation, existing) if anew else rows_written_anew(relation) }}
    {%- endcall -%}
    {{ finish_table(relation, comments=anew) }}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}


{% materialization view, adapter="duckdb" %}
    {%- set relation = this.incorporate(type='view') -%}
    {%- set existing = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- call statement('main') -%}
        {%- if existing is not none and not existing.is_view %}drop table {{ existing }};{% endif %}
        create or replace view {{ relation }} as {{ sql }}
    {%- endcall -%}
    {%- if config.get('contract').enforced %}{% do get_assert_columns_equivalent('select * from ' ~ relation) %}{% endif -%}
    {{ finish_table(relation) }}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}


{% macro table_made_anew(relation, existing) %}
    {%- if existing is not none and existing.is_view %}drop view {{ existing }};{% endif %}
    {%- if config.get('contract').enforced -%}
        {{ get_assert_columns_equivalent(sql) }}
        create or replace table {{ relation }} {{ get_table_columns_and_constraints() }};
        insert into {{ relation }} {{ get_column_names() }} ({{ get_select_subquery(sql) }})
    {%- else -%}
        create or replace table {{ relation }} as {{ sql }}
    {%- endif -%}
{% endmacro %}


{#
  The columns of a mart as they are made. Text of few values is packed by a dictionary. DuckDB would find that by itself, by trying all
  ways on each row, which takes a seventh of the writing of the scores of customers, and a twentieth of that of the orders.
#}
{% macro duckdb__get_table_columns_and_constraints() %}
    {%- set few_values = [
        'store_id', 'currency', 'platform', 'grain', 'account_id', 'exclude_reason', 'segment', 'abc_class', 'line_class',
        'store_currency', 'list_price_currency', 'buyer_type', 'payment_type', 'order_type', 'order_state', 'source_status', 'outcome',
        'event_type', 'refund_state', 'refund_type',
    ] -%}
    {{- return(modules.re.sub(
        '(?im)^( *(?:' ~ few_values | join('|') ~ ') text)', '\\1 using compression dictionary', table_columns_and_constraints()
    )) -}}
{% endmacro %}


{% macro rows_exchanged(relation) %}
    delete from {{ relation }};
    insert into {{ relation }} {{ get_column_names() }} ({{ get_select_subquery(sql) }})
{% endmacro %}


{# Inserts rows by the names of their columns. With a unique key, the old rows whose key the SELECT brings are deleted first. #}
{% macro rows_written_anew(relation) %}
    {%- if config.get('incremental_strategy') == 'delete+insert' -%}
        create or replace temporary table {{ this.identifier }}__new as {{ sql }};
        delete from {{ relation }} as held using {{ this.identifier }}__new as brought
        where {% for key in config.require('unique_key') %}held.{{ key }} = brought.{{ key }}{{ " and " if not loop.last }}{% endfor %};
        insert into {{ relation }} by name from {{ this.identifier }}__new;
        drop table {{ this.identifier }}__new
    {%- elif config.get('incremental_strategy') == 'append' -%}
        insert into {{ relation }} by name {{ sql }}
    {%- else -%}
        {{ exceptions.raise_compiler_error("incremental_strategy of " ~ this.identifier ~ ": append or delete+insert") }}
    {%- endif -%}
{% endmacro %}


{% macro finish_table(relation, comments=true) %}
    {%- if comments and config.persist_relation_docs() %}
        {%- do run_query(alter_relation_comment(relation, model.description) ~ alter_column_comment(relation, model.columns)) -%}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
{% endmacro %}
