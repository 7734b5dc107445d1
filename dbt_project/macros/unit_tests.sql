{#
  A value of a unit test's rows, cast. dbt asks the adapter how for each, and finds out that DuckDB has no way of its own: a third of
  what a unit test cost.
#}
{% macro safe_cast(field, type) -%}
    {%- if target.type == 'duckdb' -%}
        cast({{ field }} as {{ type }})
    {%- else -%}
        {{ adapter.dispatch('safe_cast', 'dbt')(field, type) }}
    {%- endif -%}
{%- endmacro %}
