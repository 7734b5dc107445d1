{#
  The date an instant has in a store's zone. DuckDB looks a zone up for every row unless it is a constant, which costs seven times as
  much. So the zones that accounts have are written out as constants, and any other is looked up.
#}
{% macro store_date(instant, zone) -%}
    {%- set known = zones_of_accounts() -%}
    {%- if known -%}
    case {{ zone }}
        {%- for name in known %}
        when {{ quoted([name]) }} then {{ local_date(instant, quoted([name])) }}
        {%- endfor %}
        else {{ local_date(instant, zone) }}
    end
    {%- else -%}
    {{ local_date(instant, zone) }}
    {%- endif -%}
{%- endmacro %}


{% macro zones_of_accounts() -%}
    {%- set accounts = table_of_accounts() -%}
    {{- return(run_query('select distinct time_zone from ' ~ accounts ~ ' where time_zone is not null order by time_zone').columns[0].values() if accounts else []) -}}
{%- endmacro %}
