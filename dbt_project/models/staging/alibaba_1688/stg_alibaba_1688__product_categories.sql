{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}

{{ category_versions('alibaba_1688', {'categoryID': 'text'}, "record.categoryID") }}
