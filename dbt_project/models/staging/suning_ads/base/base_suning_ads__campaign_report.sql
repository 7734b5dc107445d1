{{ config(materialized='incremental', **replace_rows(['account_id', 'report_date', 'as_of_date'])) }}

{#- The names of spend and orders are not documented: the merchant confirms them in `suning_ads_fields` of dbt_project.yml. -#}
{%- set shape = {'promotionId': 'text', 'promotionName': 'text'} -%}
{%- for field in var('suning_ads_fields').values() -%}
    {%- do shape.update({field: 'text'}) -%}
{%- endfor -%}

{{ report_rows('suning_ads', 'campaign_report', shape, keep='all') }}
