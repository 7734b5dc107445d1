{#
    Column comments in DuckDB say what the description says and, after it, the clock, the refund treatment and the
    additivity of the column's meta, so that one place feeds dbt docs, the comments and dim_metric.
#}
{% macro duckdb__alter_column_comment(relation, column_dict) %}
    {%- for name, column in column_dict.items() %}
    comment on column {{ relation }}.{{ adapter.quote(name) }} is {{ duckdb_escape_comment(column_comment(column)) }};
    {%- endfor %}
{% endmacro %}


{% macro column_comment(column) -%}
    {%- set meta = column.get('meta') or {} -%}
    {%- set facts = [] -%}
    {%- if meta.get('clock') %}{% do facts.append('Clock: ' ~ meta.clock) %}{% endif -%}
    {%- if meta.get('refunds') and meta.refunds != 'none' %}{% do facts.append('Refunds: ' ~ meta.refunds) %}{% endif -%}
    {%- if meta.get('additivity') %}{% do facts.append(additivity_in_words(meta)) %}{% endif -%}
    {{- return((column['description'] ~ ' ' ~ facts | join('. ') ~ ('.' if facts else '')) | trim) -}}
{%- endmacro %}


{% macro additivity_in_words(meta) -%}
    {{- return({
        'A': 'Adds up',
        'T': 'Adds up over time, not over ' ~ meta.get('not_over', ''),
        'D': 'Distinct count: never add it up',
        'S': 'Stock: take the last, never add it up',
        'R': 'Ratio: never add or average it',
    }[meta.additivity] ~ ' (' ~ meta.additivity ~ ')') -}}
{%- endmacro %}
